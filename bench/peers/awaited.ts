/**
 * Roles written once for both packages, ours and npm `zeromq`: one `await` per message, the only style that both have.
 * It is the same program with another import. What is in our own styles (trySend, batches, drain) is in `ours/`.
 */
import type { Api, Roles } from "./api.ts";
import { connections } from "./awaited/connections.ts";
import { devices } from "./awaited/devices.ts";
import { pubsub } from "./awaited/pubsub.ts";
import { requests } from "./awaited/requests.ts";
import { throughput } from "./awaited/throughput.ts";

export function awaitedRoles(zmq: Api): Roles {
  return { ...throughput(zmq), ...requests(zmq), ...pubsub(zmq), ...devices(zmq), ...connections(zmq) };
}
