/** The transport suite over tcp. */
import { transportSuite } from "./suite.ts";

transportSuite({ scheme: "tcp", reconnects: true });
