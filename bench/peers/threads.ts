/**
 * Two threads of one process: messages or round trips between the main thread and a worker, over inproc by `zmtp` or by
 * `postMessage` alone. Roles: `inproc` and `trips`; the setting `by` says which of the two.
 *
 * `postMessage` has no marks of its own; the sender here stops at as many messages under way as the marks of both
 * sockets allow, and is told of every tenth part that was taken.
 */
import { isMainThread, type MessagePort, parentPort, Worker } from "node:worker_threads";
import { Pull, Push, Reply, Request } from "zmtp";
import { bodies, highWaterMark, Meter, obeyParent, RoundTrips, report, settings } from "./harness.ts";

const { role, by, style, size: sizeText, seconds } = settings();
const size = Number(sizeText);
const mark = highWaterMark(size);
const window = 2 * mark;
const step = Math.max(1, Math.floor(window / 10));

const programs: Readonly<Record<string, () => Promise<void>>> = {
  async "inproc zmtp"() {
    const pull = new Pull({ receiveHighWaterMark: mark, receiveViews: style === "views" });
    await pull.bind("inproc://bench");
    start();
    const meter = new Meter(Number(seconds), size);
    await new Promise<void>((resolve) => {
      void pull.drain((message) => {
        const isOver = meter.count(message[0]);
        if (style === "views") pull.release(message);
        if (isOver) resolve();
      });
    });
    report(meter.result);
  },

  async "worker inproc zmtp"() {
    const push = new Push({ sendHighWaterMark: mark });
    push.connect("inproc://bench");
    const body = bodies(size);
    for (;;) {
      while (push.trySend(body())) {}
      await push.send(body());
    }
  },

  async "inproc postMessage"() {
    const worker = start();
    const meter = new Meter(Number(seconds), size);
    let taken = 0;
    await new Promise<void>((resolve) =>
      worker.on("message", (body: Uint8Array) => {
        if (meter.count(body)) resolve();
        if (++taken % step === 0) worker.postMessage(step);
      }),
    );
    report(meter.result);
  },

  async "worker inproc postMessage"() {
    const port = parentPort as MessagePort;
    const body = bodies(size);
    let room = window;
    const send = (): void => {
      for (; room > 0; room--) port.postMessage(body());
    };
    port.on("message", (count: number) => {
      room += count;
      send();
    });
    send();
  },

  async "trips zmtp"() {
    start();
    const request = new Request();
    request.connect("inproc://bench");
    await trips(async (body) => {
      await request.send(body);
      await request.receive();
    });
  },

  async "worker trips zmtp"() {
    const reply = new Reply();
    await reply.bind("inproc://bench");
    for await (const message of reply) await reply.send(message);
  },

  async "trips postMessage"() {
    const worker = start();
    let answered: () => void = () => undefined;
    worker.on("message", () => answered());
    await trips(
      (body) =>
        new Promise((resolve) => {
          answered = resolve;
          worker.postMessage(body);
        }),
    );
  },

  async "worker trips postMessage"() {
    const port = parentPort as MessagePort;
    port.on("message", (body) => port.postMessage(body));
  },
};

function start(): Worker {
  return new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
}

async function trips(trip: (body: Buffer) => Promise<void>): Promise<void> {
  const body = bodies(size);
  await trip(body());
  const durations = new RoundTrips(Number(seconds));
  do {
    durations.start();
    await trip(body());
  } while (!durations.stop());
  report(durations.result);
}

if (isMainThread) {
  obeyParent();
  void programs[`${role} ${by}`]().then(() => process.exit(0));
} else void programs[`worker ${role} ${by}`]();
