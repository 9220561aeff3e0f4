/**
 * PUB and SUB with one `await` per message: to many subscribers, and with many subscriptions.
 *
 * The PUB drops nothing (`noDrop`): it waits for who is slow, so that what is sent is what is delivered. Messages of
 * probing, sent until the bench says go, are shorter than the others.
 */
import type { Publisher, Subscriber } from "zmtp";
import { type Api, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, delay, Meter, report, told, turn } from "../harness.ts";

const { endpoint, size, seconds, count, connects } = commonSettings();

export const PROBE = "probe";
export const MATCHED_SIZE = 20;
const MESSAGES = 65_536;

/** Binds or connects, as the settings say. */
export async function attachPublisher(socket: Publisher): Promise<void> {
  if (connects) socket.connect(endpoint);
  else await bindAndReport(socket);
}

/**
 * Sends and waits while a subscriber is slow. The addon says EAGAIN then, instead of waiting: it asks libzmq whether the
 * socket can be written to, and a PUB always says yes.
 */
async function sendToAll(socket: Publisher, body: Buffer): Promise<void> {
  for (;;) {
    try {
      return await socket.send(body);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      await turn();
    }
  }
}

/** Sends the text again and again until the bench says go. */
export async function probe(socket: Publisher, text: string): Promise<void> {
  let over = false;
  void told().then(() => {
    over = true;
  });
  while (!over) {
    await socket.send(text);
    await delay(1);
  }
}

export function topicOf(number: number): string {
  return `t/${String(number).padStart(6, "0")}`;
}

/** Messages whose topic is subscribed to, or differs from a subscription in its last octet only. */
export function matchMessages(hit: boolean): readonly Buffer[] {
  let seed = 12_345;
  return Array.from({ length: MESSAGES }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const topic = topicOf((seed >>> 8) % count);
    return Buffer.from((hit ? topic : `${topic.slice(0, -1)}:`).padEnd(MATCHED_SIZE, "0"));
  });
}

/** Subscribes to everything that `matchMessages` is about, and waits until the publisher knows; reports how long it took. */
export async function subscribeToAll(socket: Subscriber): Promise<void> {
  // Beyond it libzmq drops subscriptions; the class does not offer the option.
  (socket as unknown as { setInt32Option?: (option: number, value: number) => void }).setInt32Option?.(23, 0);
  socket.connect(endpoint);
  const started = performance.now();
  for (let i = 0; i < count; i++) socket.subscribe(topicOf(i));
  await socket.receive();
  report({ subscribed: (performance.now() - started) / 1000 });
}

export function pubsub(zmq: Api): Roles {
  const publish = async (): Promise<void> => {
    const socket = new zmq.Publisher({ noDrop: true });
    await attachPublisher(socket);
    await probe(socket, PROBE);
    const make = bodies(size);
    for (;;) await sendToAll(socket, make());
  };

  const subscribe = async (): Promise<void> => {
    const sockets = Array.from({ length: count }, () => new zmq.Subscriber());
    for (const socket of sockets) {
      socket.subscribe();
      socket.connect(endpoint);
    }
    for (const socket of sockets) await socket.receive();
    report({ ready: 1 });
    const meter = new Meter(seconds, size);
    const read = async (socket: Subscriber): Promise<void> => {
      for (;;) {
        const [body] = await socket.receive();
        if (body.length === PROBE.length || !meter.count(body)) continue;
        report(meter.result);
        process.exit(0);
      }
    };
    await Promise.all(sockets.map(read));
  };

  const match = async (): Promise<void> => {
    const socket = new zmq.Publisher({ noDrop: true });
    await attachPublisher(socket);
    const [misses, hits] = [matchMessages(false), matchMessages(true)];
    await probe(socket, topicOf(count - 1));
    const started = performance.now();
    let sent = 0;
    let elapsed = 0;
    do {
      for (let i = 0; i < 1000; i++) await socket.send(misses[sent++ % MESSAGES]);
      elapsed = (performance.now() - started) / 1000;
    } while (elapsed < seconds);
    report({ unmatched: sent / elapsed });
    for (;;) await sendToAll(socket, hits[sent++ % MESSAGES]);
  };

  const matched = async (): Promise<void> => {
    const socket = new zmq.Subscriber();
    await subscribeToAll(socket);
    const meter = new Meter(seconds, MATCHED_SIZE);
    for (;;) {
      const [body] = await socket.receive();
      if (body.length !== MATCHED_SIZE) continue; // A probe.
      if (meter.count(body)) break;
    }
    report(meter.result);
    process.exit(0);
  };

  return { publish, subscribe, match, matched };
}
