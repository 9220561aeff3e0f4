// Our side of a test: sockets by the name of their type, endpoints, and waits that end.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zmtp from "../../src/node.ts";
import { receiveFrames, sendFrames } from "./addressed.ts";
import { freePort } from "./free-port.ts";
import { describe, framesOf } from "./pattern.ts";
import type { TypeName } from "./peer.ts";

/** What the suite uses of any of our sockets; a type that lacks a method is not asked for it. */
export type OurSocket = zmtp.Dealer &
  Pick<zmtp.Subscriber, "subscribe" | "unsubscribe"> &
  Pick<zmtp.Publisher, "subscribed"> &
  Pick<zmtp.Dish, "join" | "leave"> &
  Pick<zmtp.Radio, "joined"> &
  Pick<zmtp.PeerSocket, "connectPeer">;

export type OurOptions = ConstructorParameters<typeof zmtp.Dealer>[0] &
  ConstructorParameters<typeof zmtp.Request>[0] &
  ConstructorParameters<typeof zmtp.Router>[0] &
  ConstructorParameters<typeof zmtp.XPublisher>[0];

const CLASSES = {
  PAIR: zmtp.Pair,
  PUB: zmtp.Publisher,
  SUB: zmtp.Subscriber,
  XPUB: zmtp.XPublisher,
  XSUB: zmtp.XSubscriber,
  REQ: zmtp.Request,
  REP: zmtp.Reply,
  DEALER: zmtp.Dealer,
  ROUTER: zmtp.Router,
  PUSH: zmtp.Push,
  PULL: zmtp.Pull,
  STREAM: zmtp.Stream,
  SERVER: zmtp.Server,
  CLIENT: zmtp.Client,
  RADIO: zmtp.Radio,
  DISH: zmtp.Dish,
  GATHER: zmtp.Gather,
  SCATTER: zmtp.Scatter,
  DGRAM: zmtp.Datagram,
  PEER: zmtp.PeerSocket,
  CHANNEL: zmtp.Channel,
} as const satisfies Record<TypeName, unknown>;

const SENDS_ONLY: readonly TypeName[] = ["PUB", "PUSH", "RADIO", "SCATTER"];
const RECEIVES_ONLY: readonly TypeName[] = ["SUB", "PULL", "DISH", "GATHER"];

/** How long anything may take before the test has failed; long, because other processes may want the processor too. */
export const DEADLINE_MS = 20_000;

/** For calls that wait: aborts when the test has failed. */
export function deadline(): { readonly signal: AbortSignal } {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error(`this did not happen in ${DEADLINE_MS} ms`)), DEADLINE_MS).unref();
  return { signal: controller.signal };
}

/** One of our sockets, whose waits end. */
export function ourSocket(type: TypeName, options: OurOptions = {}): OurSocket {
  const Class = CLASSES[type] as unknown as new (options: OurOptions) => OurSocket;
  const socket = new Class({ linger: 0, ...options });
  if (!RECEIVES_ONLY.includes(type)) socket.sendTimeout = DEADLINE_MS;
  if (!SENDS_ONLY.includes(type)) socket.receiveTimeout = DEADLINE_MS;
  return socket;
}

/** Sends messages given as texts. */
export async function sendAll(socket: OurSocket, ...messages: readonly string[]): Promise<void> {
  for (const message of messages) await sendFrames(socket, framesOf(message));
}

/** Receives so many messages, as a peer would report them. */
export async function receiveAll(socket: OurSocket, count = 1): Promise<string[]> {
  const messages: string[] = [];
  while (messages.length < count) {
    const frames = await receiveFrames(socket);
    if (!frames.every((each) => Buffer.isBuffer(each))) throw new Error(`a frame is no Buffer: ${describe(frames)}`);
    messages.push(describe(frames));
  }
  return messages;
}

/** Answers so many messages with themselves. */
export async function echoAll(socket: OurSocket, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await sendFrames(socket, await receiveFrames(socket));
}

/** Resolves with the next event of one of these types. Make the call before what causes the event: earlier ones are not seen. */
export function nextEvent<E extends zmtp.EventType>(socket: OurSocket, ...types: readonly E[]): Promise<zmtp.EventOfType<E>> {
  const observer = new zmtp.Observer(socket);
  const event = new Promise<zmtp.EventOfType<E>>((resolve, reject) => {
    const over = (why: string): void => {
      observer.close();
      reject(new Error(`no ${types.join(" or ")} event came ${why}`));
    };
    const timer = setTimeout(over, DEADLINE_MS, `in ${DEADLINE_MS} ms`);
    observer.on("end", () => {
      clearTimeout(timer);
      over("before the socket was closed");
    });
    for (const type of types) {
      observer.on(type, (first) => {
        clearTimeout(timer);
        observer.close();
        resolve(first);
      });
    }
  });
  event.catch(() => undefined); // Where the test has failed before it waits for this, that failure is the one to see.
  return event;
}

export type Transport = "tcp" | "ipc" | "ws";
export const TRANSPORTS: readonly Transport[] = process.platform === "win32" ? ["tcp"] : ["tcp", "ipc"];

let folder: string | undefined;
let endpoints = 0;

/** An endpoint to bind that nobody else has, nor will have while nobody is bound to it. */
export async function newEndpoint(transport: Transport): Promise<string> {
  if (transport !== "ipc") return `${transport}://127.0.0.1:${await freePort()}`;
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "zmtp-"));
    folder = made;
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  return `ipc://${folder}/${++endpoints}`;
}

/** The last endpoint of a socket that was bound. */
export function boundTo(socket: OurSocket): string {
  if (socket.lastEndpoint === null) throw new Error("the socket is not bound");
  return socket.lastEndpoint;
}
