import { libzmqPython } from "../support/peers.ts";
import { matrix } from "./matrix.ts";

matrix(libzmqPython);
