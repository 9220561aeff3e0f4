/** The peers of the bench written with npm `zeromq`, the addon over libzmq, in the one style that it has. */
import * as zeromq from "zeromq";
import type { Api } from "./api.ts";
import { awaitedRoles } from "./awaited.ts";
import { obeyParent, settings } from "./harness.ts";

obeyParent();
void awaitedRoles(zeromq as unknown as Api)[settings().role]();
