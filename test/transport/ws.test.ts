/** The transport suite over ws. */
import { transportSuite } from "./suite.ts";

transportSuite({ scheme: "ws", reconnects: true });
