// What does not depend on the machine must not grow: writes to the network, heap allocated per message, the size of the
// bundles. Compared with recorded.json; `ZMTP_RECORD=1 npm test -- gate` writes it anew, after a change that is meant to
// cost something (or saved something), and the difference is then part of the commit.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BUNDLES, ROOT, sizeOf } from "../../bench/support/bundles.ts";
import { type MessageLike, Publisher, Pull, Push, Subscriber } from "../../src/node.ts";
import { StreamLink } from "../../src/transports/node-stream.ts";

const FILE = join(ROOT, "test/gate/recorded.json");
const RECORDS = process.env.ZMTP_RECORD === "1";

type Figures = Record<string, number>;

interface Recorded {
  /** Calls of a link's write per 1000 messages. */
  writes: Figures;
  /** Octets of heap per message, by major version of Node.js: engines differ. */
  allocations: Record<string, Figures>;
  /** Octets, minified. */
  bundles: Figures;
}

const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Recorded;

after(() => {
  if (RECORDS) writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
});

/** Holds figures against what was recorded: at most so much more, relatively. */
function compare(what: string, was: Figures | undefined, is: Figures, tolerance: number): Figures {
  if (RECORDS) return is;
  assert.deepEqual(Object.keys(is).sort(), Object.keys(was ?? {}).sort(), `${what}: recorded.json has other figures`);
  const worse = Object.entries(is).filter(([name, value]) => value > (was as Figures)[name] * (1 + tolerance));
  const list = worse.map(([name, value]) => `${name}: ${value}, recorded ${(was as Figures)[name]}`);
  assert.deepEqual(list, [], `${what} grew; if that is meant, record it: ZMTP_RECORD=1 npm test -- gate`);
  return was as Figures;
}

/** Calls of write on all links of this process while `work` runs. */
async function writesOf(work: () => Promise<void>): Promise<number> {
  const { write } = StreamLink.prototype;
  let calls = 0;
  StreamLink.prototype.write = function (parts) {
    calls++;
    return write.call(this, parts);
  };
  try {
    await work();
  } finally {
    StreamLink.prototype.write = write;
  }
  return calls;
}

const MESSAGES = 1000;

/** PUSH to PULL over tcp: the writes of a load, which must have arrived when it is over. */
async function pushed(load: (push: Push) => Promise<void> | void): Promise<number> {
  const [push, pull] = [new Push({ sendHighWaterMark: 0 }), new Pull({ receiveHighWaterMark: 0 })];
  try {
    await pull.bind("tcp://127.0.0.1:*");
    push.connect(pull.lastEndpoint as string);
    await push.send("first");
    await pull.receive();
    return await writesOf(async () => {
      await load(push);
      for (let left = MESSAGES; left > 0; ) left -= (await pull.receiveMany()).length;
    });
  } finally {
    await Promise.all([push.end(0), pull.end(0)]);
  }
}

function burst(message: MessageLike | MessageLike[]): (push: Push) => void {
  return (push) => {
    for (let i = 0; i < MESSAGES; i++) assert.ok(push.trySend(message));
  };
}

/** PUB to ten SUB sockets; writes for 1000 messages delivered. */
async function published(): Promise<number> {
  const subscribers = Array.from({ length: 10 }, () => new Subscriber());
  const pub = new Publisher();
  try {
    await pub.bind("tcp://127.0.0.1:*");
    for (const [i, sub] of subscribers.entries()) {
      sub.subscribe("", String(i));
      sub.connect(pub.lastEndpoint as string);
      await pub.subscribed(String(i));
    }
    return await writesOf(async () => {
      for (let i = 0; i < MESSAGES / subscribers.length; i++) pub.trySend("a message");
      for (const sub of subscribers)
        for (let left = MESSAGES / subscribers.length; left > 0; ) left -= (await sub.receiveMany()).length;
    });
  } finally {
    await Promise.all([pub, ...subscribers].map((socket) => socket.end(0)));
  }
}

test("writes per 1000 messages", { timeout: 20_000 }, async () => {
  const figures = {
    "10 B, one turn": await pushed(burst(Buffer.alloc(10))),
    "100 B, one turn": await pushed(burst(Buffer.alloc(100))),
    "3 frames of 10 B, one turn": await pushed(burst([Buffer.alloc(10), Buffer.alloc(10), Buffer.alloc(10)])),
    "10 B, each awaited": await pushed(async (push) => {
      for (let i = 0; i < MESSAGES; i++) await push.send(Buffer.alloc(10));
    }),
    "PUB to ten SUB, one turn": await published(),
  };
  recorded.writes = compare("the number of writes", recorded.writes, figures, 0);
});

test("heap allocated per message", { timeout: 60_000 }, async (t) => {
  const major = process.versions.node.split(".")[0];
  if (!RECORDS && recorded.allocations[major] === undefined) {
    t.skip(`recorded.json has no figures for Node.js ${major}, only for ${Object.keys(recorded.allocations).join(", ")}`);
    return;
  }
  // One thread and room for all: nothing is compiled or collected at a time of its own.
  const flags = ["--expose-gc", "--single-threaded", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const program = fileURLToPath(new URL("./allocations.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
  const figures = Object.fromEntries(
    Object.entries(JSON.parse(stdout) as Figures).map(([name, value]) => [name, Math.round(value)]),
  );
  recorded.allocations[major] = compare("the heap allocated per message", recorded.allocations[major], figures, 0.05);
});

/** What a page may have to load, gzipped, in octets. */
const MOST_FOR_PAGES: Readonly<Record<string, number>> = {
  "zmtp/browser": 60_000,
  "zmtp/browser, one socket type": 40_000,
  "zmtp/browser, the largest socket type": 40_000,
};

test("size of the bundles", { timeout: 20_000 }, async () => {
  const figures: Figures = {};
  for (const bundle of BUNDLES) {
    const { raw, gzip } = await sizeOf(bundle);
    figures[bundle.name] = raw;
    const most = MOST_FOR_PAGES[bundle.name] ?? Number.POSITIVE_INFINITY;
    assert.ok(gzip <= most, `${bundle.name}: ${gzip} octets gzipped, a page may load ${most}`);
  }
  recorded.bundles = compare("the size of the bundles", recorded.bundles, figures, 0.05);
});
