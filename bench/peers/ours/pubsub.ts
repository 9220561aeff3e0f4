/** PUB and SUB without a promise per message: the PUB tries to send and waits when there is no room, a SUB drains. */
import { type Message, Publisher, Subscriber } from "zmtp";
import { commonSettings, type Roles, sendAll } from "../api.ts";
import { attachPublisher, MATCHED_SIZE, matchMessages, PROBE, probe, subscribeToAll, topicOf } from "../awaited/pubsub.ts";
import { bodies, Meter, report } from "../harness.ts";

const { endpoint, size, seconds, count } = commonSettings();

async function publish(): Promise<void> {
  const socket = new Publisher({ noDrop: true });
  await attachPublisher(socket);
  await probe(socket, PROBE);
  await sendAll(socket, bodies(size));
}

/** Hands what comes to the meter, and ends the process when it has enough. */
function meterOf(bytes: number): (message: Message[]) => void {
  const meter = new Meter(seconds, bytes);
  return ([body]) => {
    if (body.length !== bytes || !meter.count(body)) return; // Other lengths are probes.
    report(meter.result);
    process.exit(0);
  };
}

async function subscribe(): Promise<void> {
  const sockets = Array.from({ length: count }, () => new Subscriber());
  for (const socket of sockets) {
    socket.subscribe();
    socket.connect(endpoint);
  }
  for (const socket of sockets) await socket.receive();
  report({ ready: 1 });
  const onMessage = meterOf(size);
  await Promise.all(sockets.map((socket) => socket.drain(onMessage)));
}

async function match(): Promise<void> {
  const socket = new Publisher({ noDrop: true });
  await attachPublisher(socket);
  const [misses, hits] = [matchMessages(false), matchMessages(true)];
  await probe(socket, topicOf(count - 1));
  const started = performance.now();
  let sent = 0;
  let elapsed = 0;
  do {
    for (let i = 0; i < 1000; i++) socket.trySend(misses[sent++ % misses.length]);
    elapsed = (performance.now() - started) / 1000;
  } while (elapsed < seconds);
  report({ unmatched: sent / elapsed });
  await sendAll(socket, () => hits[sent++ % hits.length]);
}

async function matched(): Promise<void> {
  const socket = new Subscriber();
  await subscribeToAll(socket);
  await socket.drain(meterOf(MATCHED_SIZE));
}

export const pubsub: Roles = { publish, subscribe, match, matched };
