// A handler in a process of its own: answers each request with its query. Arguments: requests replies. Prints "ready".
import { Handler } from "../../src/mongrel2.ts";

const [requests, replies] = process.argv.slice(2);
const handler = new Handler({ servers: { requests, replies } }, (request, reply) => reply.http(200, {}, request.query));
process.on("SIGTERM", () => void handler.close().then(() => process.disconnect()));
process.on("disconnect", () => process.exit()); // Also when the test has died.
await handler.ready();
process.send?.("ready");
