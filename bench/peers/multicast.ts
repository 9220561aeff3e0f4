/**
 * PUB to SUB over epgm with `zmtp`, one role per process; what libzmq_multicast.c is with libzmq.
 *
 * Roles: pub (as fast as it goes), sub (counts until the time is over), ticker (one message a millisecond that says when
 * it was sent), watcher (how long each took).
 */
import { Publisher, Subscriber } from "zmtp";
import { delay, Meter, obeyParent, report, settings } from "./harness.ts";

const { role, endpoint = "", size = "100", seconds = "1", rate = "100", recovery = "10000" } = settings();
const options = { rate: Number(rate), recoveryInterval: Number(recovery), linger: 0 };
const BUFFER_BYTES = 4 << 20;

async function publisher(): Promise<Publisher> {
  const socket = new Publisher({ ...options, noDrop: true, sendBufferSize: BUFFER_BYTES });
  socket.connect(endpoint);
  await socket.connected();
  report({ ready: 1 });
  return socket;
}

async function subscriber(): Promise<Subscriber> {
  const socket = new Subscriber({ ...options, receiveHighWaterMark: 100_000, receiveBufferSize: BUFFER_BYTES });
  socket.subscribe();
  socket.connect(endpoint);
  await delay(200); // It hears when its sockets are bound, which nothing tells.
  report({ ready: 1 });
  return socket;
}

async function pub(): Promise<void> {
  const socket = await publisher();
  const body = Buffer.alloc(Number(size), "x");
  for (;;) {
    while (socket.trySend(body)) {}
    await socket.send(body);
  }
}

async function sub(): Promise<void> {
  const socket = await subscriber();
  const meter = new Meter(Number(seconds), Number(size));
  await new Promise<void>((resolve) => {
    void socket.drain(([body]) => {
      if (meter.count(body)) resolve();
    });
  });
  report(meter.result);
}

async function ticker(): Promise<void> {
  const socket = await publisher();
  const body = Buffer.alloc(Number(size));
  for (let next = performance.now(); ; ) {
    for (; performance.now() >= next; next++) {
      body.writeBigUInt64LE(process.hrtime.bigint());
      await socket.send(Buffer.from(body));
    }
    await delay(1);
  }
}

async function watcher(): Promise<void> {
  const socket = await subscriber();
  const latencies: number[] = [];
  const end = performance.now() + Number(seconds) * 1000;
  while (performance.now() < end) {
    const [body] = await socket.receive();
    latencies.push(Number(process.hrtime.bigint() - body.readBigUInt64LE()) / 1e6);
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)];
  report({ count: latencies.length, median: at(0.5), p99: at(0.99) });
}

const roles: Readonly<Record<string, () => Promise<void>>> = { pub, sub, ticker, watcher };
obeyParent();
void roles[role]();
