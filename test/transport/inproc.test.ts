/** The transport suite over inproc. */
import { transportSuite } from "./suite.ts";

transportSuite({ scheme: "inproc", reconnects: false });
