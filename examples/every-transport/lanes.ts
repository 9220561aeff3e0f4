/** The lanes of the program: which device stands between which transports, and whether this machine can do multicast. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  curveKeyPair,
  Dealer,
  forwarder,
  Proxy as Pipe,
  Publisher,
  Pull,
  Push,
  queue,
  Router,
  Subscriber,
  streamer,
  XPublisher,
  XSubscriber,
} from "zmtp";
import type { DeviceName, Job } from "./party.ts";

export type Where = "here" | "thread" | "process";

export interface Transport {
  readonly name: string;
  readonly where: Where;
  /** An endpoint that a device can bind, another one each time. */
  endpoint(): string | Promise<string>;
  /** Options of the device's sockets, and of those that connect to it. */
  readonly device?: Job["options"];
  readonly member?: Job["options"];
}

export interface Lane {
  readonly device: DeviceName;
  readonly front: Transport;
  readonly back: Transport;
}

export const DEVICES: readonly DeviceName[] = ["streamer", "forwarder", "queue"];
const GROUP = { rate: 100_000, recoveryInterval: 5000 };
const PROBE_MS = 1000;
const keys = curveKeyPair();
let count = 0;

/** All transports but multicast; files of ipc are in `folder`. */
export function transports(folder: string): Transport[] {
  const inproc = (): string => `inproc://every-transport-${count++}`;
  return [
    { name: "inproc, one thread", where: "here", endpoint: inproc },
    { name: "inproc, threads", where: "thread", endpoint: inproc },
    { name: "ipc", where: "process", endpoint: () => `ipc://${join(folder, String(count++))}` },
    { name: "tcp", where: "process", endpoint: () => "tcp://127.0.0.1:*" },
    {
      name: "tcp with CURVE",
      where: "process",
      endpoint: () => "tcp://127.0.0.1:*",
      device: { curve: { keyPair: keys, allow: "any" } },
      member: { curve: { serverKey: keys.publicKey } },
    },
    { name: "ws", where: "process", endpoint: () => "ws://127.0.0.1:*" },
  ];
}

export const multicast: Transport = {
  name: "epgm",
  where: "process",
  endpoint: async () => `epgm://127.0.0.1;239.192.8.1:${await freePort()}`,
  device: GROUP,
  member: GROUP,
};

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

/** Why this machine does not hear its own multicast on the loopback interface; null when it does. */
export async function noMulticast(): Promise<string | null> {
  const publisher = new Publisher(GROUP);
  const subscriber = new Subscriber({ ...GROUP, receiveTimeout: PROBE_MS });
  subscriber.subscribe();
  try {
    const endpoint = await multicast.endpoint();
    await subscriber.bind(endpoint);
    await publisher.bind(endpoint);
    await publisher.send("heard?");
    await subscriber.receive();
    return null;
  } catch (error) {
    return `nothing of it comes back over the loopback interface: ${(error as Error).message}`;
  } finally {
    publisher.close();
    subscriber.close();
    await delay(0);
  }
}

/** A device that runs. */
export async function start({ device, front, back }: Lane): Promise<Pipe> {
  const [frontEnd, backEnd] = [await front.endpoint(), await back.endpoint()];
  if (front.device === undefined && back.device === undefined) {
    if (device === "queue") return (await queue(frontEnd, backEnd)).proxy;
    if (device === "streamer") return (await streamer(frontEnd, backEnd)).proxy;
    const { proxy } = await forwarder(frontEnd, backEnd);
    proxy.backEnd.noDrop = true; // It waits for slow subscribers, and so do the publishers.
    return proxy;
  }
  // Sockets that need options, and then what the lines above do.
  const input = new { queue: Router, streamer: Pull, forwarder: XSubscriber }[device](front.device);
  const output = new { queue: Dealer, streamer: Push, forwarder: XPublisher }[device](back.device);
  if (output instanceof XPublisher) output.noDrop = true;
  await Promise.all([input.bind(frontEnd), output.bind(backEnd)]);
  const pipe = new Pipe(input, output);
  void pipe.run();
  return pipe;
}
