/** The transport suite over ipc. */
import { transportSuite } from "./suite.ts";

transportSuite({ scheme: "ipc", reconnects: true });
