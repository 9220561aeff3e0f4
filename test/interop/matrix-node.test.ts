import { libzmqNode } from "../support/peers.ts";
import { matrix } from "./matrix.ts";

matrix(libzmqNode);
