import { libzmqC } from "../support/peers.ts";
import { security } from "./security.ts";

security(libzmqC);
