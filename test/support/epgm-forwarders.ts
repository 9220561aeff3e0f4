// A program for a host of its own: a forwarder that hears three publishers of one group and sends to another, and one that sends to a group what comes
// over tcp. The first hears so little at a time that packets are lost and have to be repaired. Prints what arrived as one JSON object.

import { Proxy as Device, Publisher, Subscriber, XPublisher, XSubscriber } from "../../src/node.ts";

const GROUP = { rate: 50_000, recoveryInterval: 5000, linger: 0 };
const SOURCES = 3;
const COUNT = 600;

const group = (number: number): string => `epgm://eth0;239.192.9.${number}:557${number}`;

function deviceBetween(front: XSubscriber, back: XPublisher): Device {
  const device = new Device(front, back);
  void device.run();
  return device;
}

/** Counts what comes of each publisher, and how often another number came than the next. */
async function collect(endpoint: string, total: number): Promise<{ readonly count: number; readonly wrong: number }> {
  const sub = new Subscriber({ ...GROUP, receiveTimeout: 10_000, receiveHighWaterMark: 0 });
  sub.subscribe();
  await sub.bind(endpoint);
  const next = new Map<string, number>();
  let count = 0;
  let wrong = 0;
  while (count < total) {
    const [name, number] = (await sub.receive()).map(String);
    if (Number(number) !== (next.get(name) ?? 0)) wrong++;
    next.set(name, Number(number) + 1);
    count++;
  }
  sub.close();
  return { count, wrong };
}

async function publish(publisher: Publisher, name: string): Promise<void> {
  for (let i = 0; i < COUNT; i++) await publisher.send([name, `${i}`, Buffer.alloc(100)]);
}

async function groupToGroup(): Promise<unknown> {
  const front = new XSubscriber({ ...GROUP, receiveBufferSize: 4096 });
  const back = new XPublisher({ ...GROUP, noDrop: true });
  await Promise.all([back.bind(group(2)), front.bind(group(1))]);
  const device = deviceBetween(front, back);
  const collected = collect(group(2), SOURCES * COUNT);
  const publishers = Array.from({ length: SOURCES }, () => new Publisher({ ...GROUP, noDrop: true }));
  for (const publisher of publishers) await publisher.bind(group(1));
  await Promise.all(publishers.map((publisher, i) => publish(publisher, `source ${i}`)));
  const { count, wrong } = await collected;
  const repaired = front.peers().map(({ peer }) => (peer.network?.repaired ?? 0) > 0);
  device.terminate();
  for (const publisher of publishers) publisher.close();
  return { count, wrong, repaired };
}

async function tcpToGroup(): Promise<unknown> {
  const front = new XSubscriber();
  const back = new XPublisher({ ...GROUP, noDrop: true });
  await Promise.all([back.bind(group(3)), front.bind("tcp://127.0.0.1:*")]);
  const device = deviceBetween(front, back);
  const collected = collect(group(3), COUNT);
  const publisher = new Publisher({ noDrop: true });
  publisher.connect(front.lastEndpoint ?? "");
  await publisher.subscribed("");
  await publish(publisher, "tcp");
  const { count, wrong } = await collected;
  device.terminate();
  publisher.close();
  return { count, wrong };
}

console.log(JSON.stringify({ groupToGroup: await groupToGroup(), tcpToGroup: await tcpToGroup() }));
