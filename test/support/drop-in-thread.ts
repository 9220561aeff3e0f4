/** What a worker of test/compat/threads runs: the drop-in's PUSH, in the default context, to the name that it is given. */
import { workerData } from "node:worker_threads";
import { Push } from "../../src/zeromq.ts";

const push = new Push();
push.connect(workerData as string);
for (let i = 0; i < 100; i++) await push.send(`message ${i}`);
