import { libzmqC } from "../support/peers.ts";
import { matrix } from "./matrix.ts";

matrix(libzmqC);
