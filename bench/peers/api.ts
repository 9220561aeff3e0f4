/**
 * What the roles of both packages, ours and npm `zeromq`, stand on: the classes that the two have in common, as ours
 * describes them, and small helpers over those.
 */
import type * as zmtp from "zmtp";
import { report, settings, turn } from "./harness.ts";

export type Api = Pick<
  typeof zmtp,
  | "context"
  | "Dealer"
  | "Proxy"
  | "Publisher"
  | "Pull"
  | "Push"
  | "Reply"
  | "Request"
  | "Router"
  | "Subscriber"
  | "XPublisher"
  | "XSubscriber"
>;

/** What a peer can do, by the value of its argument `role`. */
export type Roles = Readonly<Record<string, () => Promise<void>>>;

/** The settings that most roles have, read. */
export function commonSettings() {
  const { endpoint = "", style = "", size = "10", seconds = "1", count = "1", connect = "0" } = settings();
  return {
    endpoint,
    style,
    size: Number(size),
    seconds: Number(seconds),
    count: Number(count),
    /** To connect where it binds otherwise. */
    connects: connect === "1",
  };
}

/** After so many messages that found room a sender lets the event loop turn: `while (trySend(…))` alone need never end. */
export const BURST = 1000;

/** Sends as fast as there is room, without a promise per message, until it is told to stop. */
export async function sendAll(
  socket: zmtp.Push | zmtp.Publisher,
  make: () => Buffer,
  stopped = (): boolean => false,
): Promise<void> {
  while (!stopped()) {
    let body = make();
    let left = BURST;
    for (; left > 0 && socket.trySend(body); left--) body = make();
    if (left > 0) await socket.send(body);
    else await turn();
  }
}

/** Binds and reports the real endpoint. */
export async function bindAndReport(socket: zmtp.Socket): Promise<void> {
  await socket.bind(commonSettings().endpoint);
  report({ endpoint: socket.lastEndpoint as string });
}
