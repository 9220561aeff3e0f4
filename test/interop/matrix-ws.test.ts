import { libzmqNode } from "../support/peers.ts";
import { matrix } from "./matrix.ts";

// The build of libzmq inside npm `zeromq` has ws; the distributions' have not.
matrix(libzmqNode, ["ws"]);
