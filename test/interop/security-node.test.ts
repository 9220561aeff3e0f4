import { libzmqNode } from "../support/peers.ts";
import { security } from "./security.ts";

security(libzmqNode);
