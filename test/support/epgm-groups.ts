// A program for a host of its own: two publishers of two IPv6 groups, a SUB that hears both and one that hears the second, all on one port. Prints what
// came to each as one JSON object.

import { Publisher, Subscriber } from "../../src/node.ts";

const PORT = 5563;
const OPTIONS = { ipv6: true, linger: 0 };
const TEXTS = ["1", "2", "3"];

const [first, second] = process.argv.slice(2);

async function subscriber(groups: string, send: string): Promise<Subscriber> {
  const socket = new Subscriber({ ...OPTIONS, receiveTimeout: 10_000 });
  socket.subscribe();
  await socket.bind(`epgm://eth0;${groups};${send}:${PORT}`);
  return socket;
}

async function publish(group: string, text: string): Promise<void> {
  const socket = new Publisher(OPTIONS);
  await socket.bind(`epgm://eth0;${group}:${PORT}`);
  for (const each of TEXTS) await socket.send(text + each);
}

async function heard(socket: Subscriber, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) texts.push(String((await socket.receive())[0]));
  return texts;
}

async function main(): Promise<void> {
  const both = await subscriber(`${first},${second}`, first);
  const one = await subscriber(second, second);
  await publish(first, "a");
  const ofFirst = await heard(both, TEXTS.length);
  await publish(second, "b");
  const ofSecond = await heard(both, TEXTS.length);
  console.log(JSON.stringify({ both: [...ofFirst, ...ofSecond], one: await heard(one, TEXTS.length) }));
  process.exit(0);
}

void main();
