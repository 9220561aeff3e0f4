/**
 * The peers of the bench written with `zmtp`: one role per process, chosen by the argument `role`. A role in the style
 * that all packages share comes from `awaited.ts`; those in our own styles are in `ours/`, and go before.
 */
import * as zmtp from "zmtp";
import { awaitedRoles, type Roles } from "./awaited.ts";
import { obeyParent, settings } from "./harness.ts";
import { requestRoles } from "./ours/requests.ts";
import { throughputRoles } from "./ours/throughput.ts";

const roles: Roles = { ...awaitedRoles(zmtp), ...throughputRoles, ...requestRoles };
obeyParent();
void roles[settings().role]();
