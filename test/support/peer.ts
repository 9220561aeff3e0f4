// Peers: programs over other implementations, each in a process of its own, told what to do in lines (test/interop/peers/README.md).
//
// Owns the processes: every one started here is ended by `kill` or with the test process, and no other. Does not own what is said.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { PeerKind } from "./peers.ts";

/** The types that every peer has. */
export type StableName = "PAIR" | "PUB" | "SUB" | "REQ" | "REP" | "DEALER" | "ROUTER" | "PULL" | "PUSH" | "XPUB" | "XSUB";
/** And those that `peer.ts` has. */
export type TypeName =
  | StableName
  | "STREAM"
  | "SERVER"
  | "CLIENT"
  | "RADIO"
  | "DISH"
  | "GATHER"
  | "SCATTER"
  | "DGRAM"
  | "PEER"
  | "CHANNEL";

/** Options of a peer's socket, named as in npm `zeromq`; `events` records its monitor events, `timeout` (ms) ends every wait. */
export interface PeerOptions {
  readonly events?: boolean;
  readonly timeout?: number;
  readonly routingId?: string;
  readonly linger?: number;
  readonly sendHighWaterMark?: number;
  readonly receiveHighWaterMark?: number;
  readonly reconnectInterval?: number;
  readonly immediate?: boolean;
  readonly mandatory?: boolean;
  readonly handover?: boolean;
  readonly probeRouter?: boolean;
  readonly correlate?: boolean;
  readonly relaxed?: boolean;
  readonly heartbeatInterval?: number;
  readonly heartbeatTimeout?: number;
  readonly heartbeatTimeToLive?: number;
  readonly conflate?: boolean;
  readonly verbose?: boolean;
  readonly verboser?: boolean;
  readonly manual?: boolean;
  readonly invertMatching?: boolean;
  /** Bytes, as a frame (`x…`). */
  readonly welcomeMessage?: string;
  /** `X-name:value`, as a frame. */
  readonly metadata?: string;
  /** For the next connect; not `peer.ts`. */
  readonly connectRoutingId?: string;
  /** Only `peer.ts`. */
  readonly helloMessage?: string;
  readonly disconnectMessage?: string;
  readonly handshakeInterval?: number;
  readonly plainServer?: boolean;
  readonly curveServer?: boolean;
  /** Texts and keys as `x` and hexadecimal digits. */
  readonly plainUsername?: string;
  readonly plainPassword?: string;
  readonly zapDomain?: string;
  readonly curvePublicKey?: string;
  readonly curveSecretKey?: string;
  readonly curveServerKey?: string;
  readonly rate?: number;
  readonly recoveryInterval?: number;
  readonly multicastHops?: number;
  readonly multicastLoop?: boolean;
  /** Answer ZAP for this process: everybody may come. Only `peer.ts`. */
  readonly allowAll?: boolean;
}

/** Events that all peers can report. */
export type PeerEvent =
  | "accept"
  | "bind"
  | "connect"
  | "connect:delay"
  | "connect:retry"
  | "disconnect"
  | "handshake"
  | "handshake:error:protocol"
  | "handshake:error:auth"
  | "handshake:error:other";

interface Waiter {
  readonly command: string;
  readonly resolve: (result: string) => void;
  readonly reject: (error: Error) => void;
}

/** One running peer. Commands are carried out one after the other. */
export class Peer {
  readonly kind: PeerKind;
  /** The version of what it talks through. */
  version = "";
  #child: ChildProcess;
  #waiting: Waiter[] = [];
  #ended = false;
  #nextId = 1;
  #diagnostics = "";

  private constructor(kind: PeerKind, child: ChildProcess) {
    this.kind = kind;
    this.#child = child;
  }

  /** Starts one; resolves when it listens to commands. */
  static async start(kind: PeerKind): Promise<Peer> {
    const [command, ...rest] = kind.command();
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    const peer = new Peer(kind, child);
    const ready = new Promise<string>((resolve, reject) => peer.#waiting.push({ command: "start", resolve, reject }));
    createInterface({ input: child.stdout }).on("line", (line) => peer.#answered(line));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      peer.#diagnostics += chunk;
    });
    child.stdin.on("error", () => undefined); // The exit that caused it is told.
    child.once("error", (error) => peer.#over(error.message));
    child.once("close", (code, signal) => peer.#over(`exit ${code ?? signal}`));
    peer.version = await ready;
    return peer;
  }

  /** Carries out one command; the result is what came after `ok`. */
  command(...words: readonly (string | number)[]): Promise<string> {
    const command = words.join(" ");
    if (this.#ended) return Promise.reject(new Error(`${this.kind.name} has ended: ${command}`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      this.#child.stdin?.write(`${command}\n`);
    });
  }

  /** Makes a socket in the peer. */
  async socket(type: TypeName, options: PeerOptions = {}): Promise<PeerSocket> {
    const id = this.#nextId++ % 256;
    const words = Object.entries(options).map(([name, value]) => `${name}=${typeof value === "string" ? value : Number(value)}`);
    await this.command("socket", id, type, ...words);
    return new PeerSocket(this, id, type);
  }

  /** Stops it without its knowledge, as a machine that hangs. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it at once, with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#child, "close");
    for (const { reject, command } of this.#waiting.splice(0)) reject(new Error(`${this.kind.name} was killed: ${command}`));
    this.#signal("SIGKILL");
    await closed;
  }

  // Deno's ChildProcess.kill takes the first signal for the end, SIGSTOP too, and sends no other.
  #signal(name: NodeJS.Signals): void {
    if (!this.#ended) process.kill(this.#child.pid as number, name);
  }

  #answered(line: string): void {
    const waiter = this.#waiting.shift();
    const [verdict] = line.split(" ", 1);
    const rest = line.slice(verdict.length + 1);
    if (waiter === undefined) this.#diagnostics += `unasked: ${line}\n`;
    else if (verdict === "ok" || verdict === "ready") waiter.resolve(rest);
    else waiter.reject(new Error(`${this.kind.name}: ${shortened(waiter.command)}: ${rest}`));
  }

  #over(why: string): void {
    this.#ended = true;
    for (const { reject, command } of this.#waiting.splice(0))
      reject(new Error(`${this.kind.name} ended (${why}): ${shortened(command)}\n${this.#diagnostics}`));
  }
}

/** One socket of a peer. Messages are texts, see pattern.ts. */
export class PeerSocket {
  readonly peer: Peer;
  readonly id: number;
  readonly type: TypeName;
  #closed = false;

  constructor(peer: Peer, id: number, type: TypeName) {
    this.peer = peer;
    this.id = id;
    this.type = type;
  }

  /** Resolves with the real endpoint. */
  bind(endpoint: string): Promise<string> {
    return this.#do("bind", endpoint);
  }

  async connect(endpoint: string): Promise<void> {
    await this.#do("connect", endpoint);
  }

  async subscribe(topic: string): Promise<void> {
    await this.#do("subscribe", topic);
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#do("unsubscribe", topic);
  }

  async join(...groups: readonly string[]): Promise<void> {
    for (const group of groups) await this.#do("join", group);
  }

  async leave(...groups: readonly string[]): Promise<void> {
    for (const group of groups) await this.#do("leave", group);
  }

  async send(...messages: readonly string[]): Promise<void> {
    await this.#do("send", ...messages);
  }

  /** Waits for so many messages; resolves with what the peer reports of each. */
  async receive(count = 1): Promise<string[]> {
    return (await this.#do("receive", count)).split(" ");
  }

  /** Sends each message when the one before was answered; resolves with the reports of the answers. */
  async ask(...messages: readonly string[]): Promise<string[]> {
    return (await this.#do("ask", ...messages)).split(" ");
  }

  /** Answers so many messages with themselves. */
  async echo(count: number): Promise<void> {
    await this.#do("echo", count);
  }

  /** Waits for so many octets of one connection of a STREAM; resolves with its id and all of them in one frame. */
  collect(octets: number): Promise<string> {
    return this.#do("collect", octets);
  }

  /** Sends and receives numbered messages at the same time. */
  async flow(sends: number, receives: number, size: number): Promise<void> {
    await this.#do("flow", sends, receives, size);
  }

  /** Waits for a monitor event; resolves with its address. */
  event(name: PeerEvent): Promise<string> {
    return this.#do("event", name);
  }

  /** Waits for a message; resolves with a property of its sender. Not `peer.ts`. */
  property(name: string): Promise<string> {
    return this.#do("property", name);
  }

  /** Fails if a message comes within the time. */
  async none(ms: number): Promise<void> {
    await this.#do("none", ms);
  }

  /** Harmless when closed already. libzmq ends the connections by itself then; after a mere disconnect it waits for the next call to the socket. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#do("close");
  }

  #do(command: string, ...words: readonly (string | number)[]): Promise<string> {
    return this.peer.command(command, this.id, ...words);
  }
}

function shortened(command: string): string {
  return command.length > 120 ? `${command.slice(0, 120)}…` : command;
}
