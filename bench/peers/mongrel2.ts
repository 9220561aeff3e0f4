/**
 * Handlers for Mongrel2 in JavaScript: over this library's `zmtp/mongrel2`, and over npm `zeromq` as one writes it there.
 * Both read all headers and answer with an HTTP response of 12 octets.
 */
import { Publisher, Pull } from "zeromq";
import { Handler } from "zmtp/mongrel2";
import { cpuSeconds, obeyParent, report, settings } from "./harness.ts";

const { library, requests = "", replies = "", seconds = "1", warmUp = "0" } = settings();
const BODY = "Hello World!";
/** Looking at the clock costs as much as a tenth of a request. */
const EVERY = 100;

let messages = -Number(warmUp);
let started = 0;
let cpu: NodeJS.CpuUsage | undefined;

/** An answer was given. As in mongrel2.py: so many are not counted, then the clock runs. */
function count(): void {
  messages++;
  if (messages === 0) {
    started = performance.now();
    cpu = process.cpuUsage();
  } else if (messages > 0 && messages % EVERY === 0 && started > 0) {
    const elapsed = (performance.now() - started) / 1000;
    if (elapsed < Number(seconds)) return;
    report({ messages, seconds: elapsed, cpu: cpuSeconds(cpu) });
    started = 0;
  }
}

async function ours(): Promise<void> {
  const handler = new Handler({ servers: { requests, replies } }, (request, reply) => {
    if (request.header("host") === undefined) throw new Error("a request without a host");
    reply.http(200, { "Content-Type": "text/plain" }, BODY);
    count();
  });
  await handler.ready();
}

async function native(): Promise<void> {
  const [pull, pub] = [new Pull(), new Publisher({ linger: 0, sendHighWaterMark: 0 })];
  pub.connect(replies);
  // npm zeromq does not tell of a PUB's subscriptions.
  await new Promise((resolve) => setTimeout(resolve, 300));
  pull.connect(requests);
  for await (const [frame] of pull) {
    const [uuidEnd, idEnd] = [frame.indexOf(32), frame.indexOf(32, frame.indexOf(32) + 1)];
    const pathEnd = frame.indexOf(32, idEnd + 1);
    const colon = frame.indexOf(58, pathEnd);
    const size = Number(frame.toString("latin1", pathEnd + 1, colon));
    const headers = JSON.parse(frame.toString("latin1", colon + 1, colon + 1 + size)) as Record<string, string>;
    if (headers.host === undefined) throw new Error("a request without a host");
    const [uuid, id] = [frame.toString("latin1", 0, uuidEnd), frame.toString("latin1", uuidEnd + 1, idEnd)];
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n`;
    await pub.send(`${uuid} ${id.length}:${id}, ${head}${BODY}`);
    count();
  }
}

obeyParent();
void (library === "zmtp" ? ours() : native());
