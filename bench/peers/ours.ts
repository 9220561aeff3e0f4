/**
 * The peers of the bench written with `zmtp`: one role per process, chosen by the argument `role`. A role in the style
 * that all packages share comes from `awaited.ts`; those in our own styles are in `ours/`, and go before.
 */
import * as zmtp from "zmtp";
import type { Roles } from "./api.ts";
import { awaitedRoles } from "./awaited.ts";
import { obeyParent, settings } from "./harness.ts";
import { handshakes } from "./ours/handshakes.ts";
import { pubsub } from "./ours/pubsub.ts";
import { requests } from "./ours/requests.ts";
import { router } from "./ours/router.ts";
import { throughput } from "./ours/throughput.ts";

const roles: Roles = { ...awaitedRoles(zmtp), ...throughput, ...requests, ...pubsub, ...router, ...handshakes };
obeyParent();
void roles[settings().role]();
