import { TRANSPORTS } from "../support/ours.ts";
import { libzmqNode } from "../support/peers.ts";
import { security } from "./security.ts";

// The build of libzmq inside npm `zeromq` has ws; the distributions' have not.
security(libzmqNode, [...TRANSPORTS, "ws"]);
