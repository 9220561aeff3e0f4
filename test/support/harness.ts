/**
 * What tests of sockets share: sockets that end with their test, endpoints that nobody else uses, and waiting for events instead of time.
 *
 * Every test has a deadline of its own, so that one that hangs fails by name. Where a test must show that nothing comes, it sends a marker behind it
 * by the same connection; only where there is none it waits BRIEFLY.
 */
import assert from "node:assert/strict";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { MessageLike, Readable, Socket, Writable } from "../../src/node.ts";
import { freePort } from "./free-port.ts";

export { Events } from "./events.ts";
export { freePort } from "./free-port.ts";

export type Scheme = "tcp" | "ipc" | "inproc" | "ws";
export const SCHEMES: readonly Scheme[] = process.platform === "win32" ? ["tcp", "inproc"] : ["tcp", "ipc", "inproc"];
/** Those with a connection, a handshake and events. */
export const STREAMS: readonly Scheme[] = SCHEMES.filter((scheme) => scheme !== "inproc");

const LOOPBACKS = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter((each) => each.internal));
/** Why a test of IPv6 cannot run here; false if it can. */
export const noIpv6: string | false = !LOOPBACKS.some(({ family }) => family === "IPv6") && "this machine has no IPv6 loopback";

/** How long a test waits to be sure that nothing comes, where no event can tell. */
export const BRIEFLY = 40;

/** A test that hangs fails after this. */
const DEADLINE_MS = 10_000;

export type Body = (t: TestContext) => Promise<void> | void;

/** A test with a deadline. */
export function check(title: string, body: Body, skip?: string | false): void {
  void test(title, { timeout: DEADLINE_MS, skip: skip ?? false }, body);
}

/** The same test for each transport. */
export function each(
  schemes: readonly Scheme[],
  title: string,
  body: (t: TestContext, scheme: Scheme) => Promise<void> | void,
): void {
  for (const scheme of schemes) check(`${scheme}: ${title}`, (t) => body(t, scheme));
}

/** A line of libzmq's suite that cannot be applied, with the reason, where it would be. */
export function notApplicable(title: string, reason: string): void {
  void test(title, { skip: reason }, () => undefined);
}

/** A socket that is closed, without lingering, when its test is over. */
export function own<S extends Socket>(t: TestContext, socket: S): S {
  t.after(() => socket.end(0));
  return socket;
}

let serial = 0;

/** What to bind to: any free place of the scheme. */
export function anyEndpoint(scheme: Scheme): string {
  if (scheme === "tcp" || scheme === "ws") return `${scheme}://127.0.0.1:*`;
  return scheme === "ipc" ? "ipc://*" : `inproc://test-${serial++}`;
}

/** A place that is free now, for those who connect before anybody is bound. */
export async function freeEndpoint(scheme: Scheme): Promise<string> {
  if (scheme === "tcp" || scheme === "ws") return `${scheme}://127.0.0.1:${await freePort()}`;
  if (scheme === "ipc") return `ipc://${join(tmpdir(), `zmtp-${process.pid}-${serial++}`)}`;
  return anyEndpoint(scheme);
}

/** Binds to any free place and gives the endpoint to connect to. */
export async function bound(socket: Socket, scheme: Scheme = "tcp"): Promise<string> {
  await socket.bind(scheme === "tcp" || scheme === "ws" ? await freeEndpoint(scheme) : anyEndpoint(scheme));
  return socket.lastEndpoint as string;
}

/** Binds one, connects the other, waits until both know each other. */
export async function join2(server: Socket, client: Socket, scheme: Scheme = "tcp"): Promise<string> {
  const endpoint = await bound(server, scheme);
  client.connect(endpoint);
  await Promise.all([server.connected(), client.connected()]);
  return endpoint;
}

/** The next message as text, or a failure that says what it waited on. */
export async function receive(socket: Socket & Readable): Promise<string[]> {
  return texts(await socket.receive({ timeout: 5000 }));
}

/** `count` messages of one frame each. */
export async function receiveEach(socket: Socket & Readable, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < count; i++) all.push((await receive(socket)).join("|"));
  return all;
}

export function texts(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString("latin1"));
}

/** Nothing is there, and nothing comes for a moment. */
export async function assertNothing(socket: Socket & Readable): Promise<void> {
  await assert.rejects(socket.receive({ timeout: BRIEFLY }), { code: "EAGAIN" });
}

/** Sends until there is no room; returns how many went. */
export function fill(socket: Socket & Writable, message: MessageLike | readonly MessageLike[], limit = 1_000_000): number {
  let count = 0;
  while (count < limit && socket.trySend(message)) count++;
  return count;
}

/** Takes what is there now. */
export function drainNow(socket: Socket & Readable): string[][] {
  const all: string[][] = [];
  for (let message = socket.tryReceive(); message !== undefined; message = socket.tryReceive()) all.push(texts(message));
  return all;
}

/** The end of this turn of the event loop and the reads that follow it. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A wait inside a test that takes longer has failed. */
const PATIENCE_MS = 5000;

/** Waits for a condition that has no event. */
export async function eventually(condition: () => boolean): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > until) throw new Error(`waited ${PATIENCE_MS} ms in vain for: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The error code of a call that must throw or reject. */
export async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "no error";
}
