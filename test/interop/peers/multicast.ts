// A member of a multicast group over our library; what it does and says is told in multicast.c.

import { createInterface } from "node:readline";
import { Publisher, Subscriber } from "../../../src/node.ts";

const [role, endpoint, countText, rate, recoveryInterval] = process.argv.slice(2);
const count = Number(countText);
const options = { linger: 0, ipv6: endpoint.includes("["), rate: Number(rate), recoveryInterval: Number(recoveryInterval) };
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const bodies = Buffer.from(Uint8Array.from({ length: 65536 + 256 }, (_, i) => i));

function bodyOf(n: number): Buffer {
  const r = Math.imul(n, 2654435761) >>> 0;
  const size = n % 2000 === 0 ? 65536 : n % 50 === 0 ? 1 + (r % 4000) : 1 + (r % 60);
  const start = (7 * n) & 0xff;
  return bodies.subarray(start, start + size);
}

function messageOf(n: number): Buffer[] {
  if (n % 10 !== 3) return [bodyOf(n)];
  const number = Buffer.alloc(4);
  number.writeUInt32BE(n);
  return [number, Buffer.alloc(0), bodyOf(n)];
}

async function publish(): Promise<void> {
  const socket = new Publisher({ ...options, sendHighWaterMark: 0, sendBufferSize: 4 << 20 });
  socket.connect(endpoint);
  await socket.connected();
  const lines = createInterface({ input: process.stdin });
  let begun = false;
  const ended = new Promise((resolve) => lines.once("close", resolve));
  lines.once("line", () => {
    begun = true;
  });
  say("ready");
  while (!begun) {
    await socket.send("sync");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (let n = 0; n < count; n++) await socket.send(messageOf(n));
  say("sent");
  await ended;
  if (process.env.ZMTP_COUNTERS) process.stderr.write(`${JSON.stringify(socket.peers()[0].peer.network)}\n`);
  await socket.end();
}

async function subscribe(): Promise<void> {
  const socket = new Subscriber({ ...options, receiveHighWaterMark: 0, receiveBufferSize: 4 << 20, receiveTimeout: 20_000 });
  socket.subscribe();
  for (const type of ["drop", "gap"] as const)
    socket.events.on(type, (event) => process.stderr.write(`${JSON.stringify(event)}\n`));
  socket.connect(endpoint);
  // Bound when it can hear: nothing else tells of it.
  await new Promise((resolve) => setTimeout(resolve, 200));
  say("ready");
  let heard = false;
  for (let n = 0; n < count; ) {
    const frames = await socket.receive();
    if (n === 0 && frames.length === 1 && String(frames[0]) === "sync") {
      if (!heard) say("heard");
      heard = true;
      continue;
    }
    const expected = messageOf(n);
    if (frames.length !== expected.length || !frames.every((frame, i) => frame.equals(expected[i])))
      throw new Error(`message ${n}: another came, ${frames.map((frame) => frame.length).join(", ")} octets`);
    n++;
  }
  if (process.env.ZMTP_COUNTERS) process.stderr.write(`${JSON.stringify(socket.peers().map(({ peer }) => peer.network))}\n`);
  say("done");
  socket.close();
}

(role === "pub" ? publish() : subscribe()).then(
  () => process.exit(),
  (error: Error) => {
    say(`error ${error.message}`);
    process.exit(1);
  },
);
