import { libzmqPython } from "../support/peers.ts";
import { security } from "./security.ts";

security(libzmqPython);
