/**
 * `zmtp cat`: sends lines as messages and prints messages as lines, for every socket type.
 *
 * Owns what each type does with its two directions: senders send, receivers print, REQ asks for each line, REP answers, the
 * others do both at once. Types whose messages go to somebody have the name as the first frame: a routing id, a group.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import * as zmtp from "../node.ts";
import type { SocketTypeName } from "../wire.ts";
import { Failure, seconds, wholeNumber, wrongUse } from "./failure.ts";
import { type Format, format, type LineOptions, toLine } from "./formats.ts";
import { type InputFlags, messagesOf } from "./input.ts";
import { type AnySocket, attach, makeSocket } from "./sockets.ts";

export interface CatFlags extends InputFlags {
  readonly bind?: readonly string[];
  readonly connect?: readonly string[];
  readonly format: string;
  readonly null?: boolean;
  readonly multipart?: string | boolean;
  readonly count?: string;
  readonly interval?: string;
  readonly delay?: string;
  readonly timeout?: string;
  readonly subscribe?: readonly string[];
  readonly join?: readonly string[];
  readonly group?: string;
  readonly target?: string;
  readonly echo?: boolean;
  readonly transform?: string;
  readonly wait?: boolean;
}

const NEVER_RECEIVE: readonly SocketTypeName[] = ["PUB", "PUSH", "RADIO", "SCATTER"];
const NEVER_SEND: readonly SocketTypeName[] = ["SUB", "PULL", "DISH", "GATHER"];
const NUMBERED: readonly SocketTypeName[] = ["SERVER", "PEER"];
const ROUTING: readonly SocketTypeName[] = ["ROUTER", "STREAM"];

/** One run of the command. */
class Cat {
  readonly #type: SocketTypeName;
  readonly #flags: CatFlags;
  readonly #socket: AnySocket;
  readonly #lines: LineOptions;
  readonly #count: number;
  readonly #signal: AbortSignal;

  constructor(type: SocketTypeName, flags: CatFlags, signal: AbortSignal) {
    this.#type = type;
    this.#flags = flags;
    this.#signal = signal;
    this.#count = flags.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber(flags.count, "--count", 1);
    const kind: Format = format(flags.format);
    const separator = flags.multipart === undefined ? null : typeof flags.multipart === "string" ? flags.multipart : "\t";
    this.#lines = { format: kind, separator, end: flags.null ? "\0" : "\n" };
    if (flags.echo && (NEVER_RECEIVE.includes(type) || NEVER_SEND.includes(type) || type === "REQ"))
      throw wrongUse(`--echo is for types that receive and then send, such as rep and router, not ${type.toLowerCase()}`);
    this.#socket = makeSocket(type, flags as unknown as Record<string, unknown>);
  }

  get socket(): AnySocket {
    return this.#socket;
  }

  async run(): Promise<void> {
    const { delay, wait } = this.#flags;
    this.#subscribe();
    await attach(this.#socket, this.#flags, () => undefined);
    if (wait) await this.#awaitPeer();
    if (delay !== undefined) await sleep(seconds(delay, "--delay"), undefined, { signal: this.#signal });
    if (NEVER_RECEIVE.includes(this.#type)) await this.#sendAll(this.#count);
    else if (NEVER_SEND.includes(this.#type)) await this.#printAll();
    else if (this.#type === "REQ") await this.#askAll();
    else if (this.#type === "REP") await this.#answerAll();
    else await this.#both();
  }

  #subscribe(): void {
    const { subscribe = [""], join = [] } = this.#flags;
    const socket = this.#socket;
    if (socket instanceof zmtp.Subscriber) socket.subscribe(...subscribe);
    if (socket instanceof zmtp.Dish) socket.join(...join);
    if (socket instanceof zmtp.XSubscriber && this.#flags.subscribe !== undefined)
      for (const topic of subscribe) void socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(topic)]));
  }

  async #awaitPeer(): Promise<void> {
    const socket = this.#socket;
    const options = { signal: this.#limit() };
    if (socket instanceof zmtp.Publisher || socket instanceof zmtp.XPublisher) await socket.subscribed(undefined, 1, options);
    else await socket.connected(1, options);
  }

  // Gives a call up when the command is interrupted or --timeout has passed.
  #limit(): AbortSignal {
    const { timeout } = this.#flags;
    if (timeout === undefined) return this.#signal;
    const ms = seconds(timeout, "--timeout");
    return AbortSignal.any([this.#signal, AbortSignal.timeout(ms)]);
  }

  async *#input(): AsyncGenerator<Uint8Array[], void> {
    const { interval } = this.#flags;
    const pauseMs = interval === undefined ? 0 : seconds(interval, "--interval");
    let first = true;
    for await (const message of messagesOf(this.#flags, this.#lines, interval !== undefined)) {
      if (!first && pauseMs > 0) await sleep(pauseMs, undefined, { signal: this.#signal });
      first = false;
      yield message;
    }
  }

  async #sendAll(count: number): Promise<void> {
    let sent = 0;
    for await (const message of this.#input()) {
      await this.#send(await this.#transformed(message));
      if (++sent >= count) return;
    }
  }

  async #printAll(): Promise<void> {
    for (let received = 0; received < this.#count; received++) await this.#print(await this.#transformed(await this.#receive()));
  }

  async #askAll(): Promise<void> {
    let asked = 0;
    for await (const message of this.#input()) {
      await this.#send(await this.#transformed(message));
      await this.#print(await this.#receive());
      if (++asked >= this.#count) return;
    }
  }

  async #answerAll(): Promise<void> {
    const { echo, transform, data } = this.#flags;
    const input = this.#input();
    for (let answered = 0; answered < this.#count; answered++) {
      const question = await this.#receive();
      await this.#print(question);
      if (transform !== undefined) await this.#send(await this.#transformed(question));
      else if (echo) await this.#send(question);
      else if (data !== undefined) await this.#send([Buffer.from(data)]);
      else {
        const next = await input.next();
        if (next.done) throw new Failure("Standard input has no answer left; answer with --echo, --data or --transform instead");
        await this.#send(next.value);
      }
    }
  }

  // What comes is printed, and sent back with --echo; meanwhile the input is sent, unless it is the terminal's end.
  async #both(): Promise<void> {
    const { echo, transform } = this.#flags;
    const sending = echo ? Promise.resolve() : this.#sendAll(Number.POSITIVE_INFINITY);
    const receiving = (async () => {
      for (let received = 0; received < this.#count; received++) {
        const message = await this.#receive();
        await this.#print(message);
        if (echo) await this.#send(transform === undefined ? message : await this.#transformed(message));
      }
    })();
    await Promise.race([receiving, sending.then(() => receiving)]);
  }

  #send(frames: readonly Uint8Array[]): Promise<void> {
    const { target, group } = this.#flags;
    const options = { signal: this.#limit() };
    const socket = this.#socket;
    if (socket instanceof zmtp.Radio) {
      const [to, body] = group === undefined ? frames : [Buffer.from(group), frames[0]];
      if (body === undefined) throw wrongUse("To which group? Give --group, or the group as the first frame with --multipart");
      return socket.send(body as Buffer, { group: to as Buffer, ...options });
    }
    if (socket instanceof zmtp.Server || socket instanceof zmtp.PeerSocket) {
      const [to, body] = target === undefined ? [String(frames[0]), frames[1]] : [target, frames[0]];
      if (body === undefined) throw wrongUse("To whom? Give --target, or the peer's number as the first frame with --multipart");
      return socket.send(body as Buffer, { routingId: wholeNumber(to, "the routing id", 0), ...options });
    }
    const all = target !== undefined && ROUTING.includes(this.#type) ? [Buffer.from(target), ...frames] : frames;
    return (socket as zmtp.Dealer).send(all as Buffer[], options);
  }

  async #receive(): Promise<Uint8Array[]> {
    const message = (await (this.#socket as zmtp.Dealer).receive({ signal: this.#limit() })) as unknown[];
    const [frame, info] = message as [Uint8Array, { readonly routingId?: number; readonly group?: Uint8Array } | Uint8Array];
    if (NUMBERED.includes(this.#type)) return [Buffer.from(String((info as { routingId: number }).routingId)), frame];
    if (this.#type === "DISH") return [(info as { group: Uint8Array }).group, frame];
    return message as Uint8Array[];
  }

  async #print(frames: readonly Uint8Array[]): Promise<void> {
    if (process.stdout.write(toLine(frames, this.#lines))) return;
    await new Promise((resolve) => process.stdout.once("drain", resolve));
  }

  /** What a program makes of a message: its last frame goes in, what comes out takes its place. */
  async #transformed(frames: Uint8Array[]): Promise<Uint8Array[]> {
    const { transform } = this.#flags;
    if (transform === undefined) return frames;
    const child = spawn(transform, { shell: true, stdio: ["pipe", "pipe", "inherit"], signal: this.#signal });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    child.stdin.on("error", () => undefined); // A program that reads nothing is none of our business.
    child.stdin.end(frames.at(-1));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Failure(`--transform: the program ended with ${String(code)}`);
    return [...frames.slice(0, -1), Buffer.concat(pieces)];
  }
}

/** Runs `zmtp cat`. Ends with an exit code of its own when interrupted or too late. */
export async function cat(type: SocketTypeName, flags: CatFlags, signal: AbortSignal): Promise<void> {
  const run = new Cat(type, flags, signal);
  try {
    await run.run();
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError")
      throw new Failure(`Nothing happened in ${flags.timeout} s`);
    throw error;
  } finally {
    await run.socket.end(flags.timeout === undefined ? undefined : seconds(flags.timeout, "--timeout"));
    process.stdin.destroy();
  }
}
