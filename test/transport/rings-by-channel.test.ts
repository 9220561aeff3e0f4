/** The transport suite over rings where a side can wait for nothing but messages: as without `Atomics.waitAsync`. */
import { throughRings } from "../support/through-rings.ts";
import { transportSuite } from "./suite.ts";

throughRings({ wokenByChannel: true });
transportSuite({ scheme: "inproc", reconnects: false });
