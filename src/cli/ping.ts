/**
 * `zmtp ping`: says who answers at an endpoint, or why nobody does: version, mechanism, socket type, round trip.
 *
 * Over tcp and ipc it speaks the wire itself: it greets, waits until the peer says what it is, answers as a type that may
 * talk to it, and times PING and PONG, so that no peer refuses it for its type. Over other transports it connects a
 * DEALER and tells what the library's events say.
 */
import { connect, type Socket } from "node:net";
import * as zmtp from "../node.ts";
import {
  decodeCommand,
  decodeError,
  decodeMetadata,
  encodeCommand,
  encodeFrame,
  encodeMetadata,
  encodePing,
  FLAG_COMMAND,
  FrameDecoder,
  isCompatible,
  type Metadata,
  SOCKET_TYPES,
  type SocketTypeName,
} from "../wire.ts";
import { Failure, seconds, wholeNumber } from "./failure.ts";

export interface PingFlags {
  readonly count?: string;
  readonly timeout?: string;
}

const TIMEOUT_MS = 5000;
const GREETING_BYTES = 64;
const LIMITS = { maxFrameBytes: 1 << 20, maxFrames: 100_000, maxMetadataBytes: 65536, copyBodies: true };

/** What a peer said of itself. */
interface Answer {
  readonly connectedMs: number;
  readonly version: string;
  readonly mechanism: string;
  readonly metadata: Metadata | null;
  readonly roundTripsMs: readonly number[];
}

export async function ping(endpoint: string, flags: PingFlags): Promise<void> {
  const count = flags.count === undefined ? 3 : wholeNumber(flags.count, "--count", 0);
  const timeoutMs = flags.timeout === undefined ? TIMEOUT_MS : seconds(flags.timeout, "--timeout");
  const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(endpoint);
  const ipc = /^ipc:\/\/(.+)$/.exec(endpoint);
  if (tcp === null && ipc === null) return pingWithSocket(endpoint, timeoutMs);
  const socket =
    tcp === null
      ? connect((ipc as RegExpExecArray)[1].replace(/^@/, "\0"))
      : connect({ host: tcp[1].replace(/^\[|\]$/g, ""), port: Number(tcp[2]), noDelay: true });
  const answer = await new Conversation(endpoint, socket, count, timeoutMs).answer;
  process.stdout.write(`${lines(endpoint, answer).join("\n")}\n`);
}

function lines(endpoint: string, { connectedMs, version, mechanism, metadata, roundTripsMs }: Answer): string[] {
  const text = (name: string): string => Buffer.from(metadata?.get(name) ?? []).toString("latin1");
  const found = [`${endpoint}: connected in ${connectedMs.toFixed(1)} ms, ZMTP ${version}, mechanism ${mechanism}`];
  if (metadata === null) found.push("its socket type is told only to those with a key or a password");
  else {
    const identity = text("Identity");
    found.push(`socket type ${text("Socket-Type") || "not told"}${identity === "" ? "" : `, routing id "${identity}"`}`);
    for (const [name, value] of metadata) {
      if (name !== "Socket-Type" && name !== "Identity") found.push(`${name}: ${Buffer.from(value).toString("latin1")}`);
    }
  }
  for (const ms of roundTripsMs) found.push(`round trip ${ms.toFixed(2)} ms`);
  return found;
}

/** One connection, from the greeting to the last PONG. */
class Conversation {
  readonly answer: Promise<Answer>;
  readonly #endpoint: string;
  readonly #socket: Socket;
  readonly #count: number;
  readonly #begin = performance.now();
  readonly #timer: ReturnType<typeof setTimeout>;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #connectedMs = 0;
  #head = Buffer.alloc(0);
  #decoder: FrameDecoder | null = null;
  #version = "";
  #mechanism = "";
  #metadata: Metadata | null = null;
  #pingAt = 0;
  readonly #roundTripsMs: number[] = [];

  constructor(endpoint: string, socket: Socket, count: number, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#socket = socket;
    this.#count = count;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(() => this.#fail(this.#stage(timeoutMs)), timeoutMs);
    socket.on("connect", () => {
      this.#connectedMs = performance.now() - this.#begin;
      socket.write(greeting());
    });
    socket.on("data", (chunk) => this.#received(Buffer.from(chunk)));
    socket.on("error", (error) => this.#fail(`cannot be reached: ${error.message}`));
    socket.on("close", () => this.#closed());
  }

  #stage(timeoutMs: number): string {
    if (this.#connectedMs === 0) return `did not accept a connection within ${timeoutMs} ms`;
    if (this.#decoder === null) return `accepted the connection, but sent no ZMTP greeting within ${timeoutMs} ms`;
    return `greeted (ZMTP ${this.#version}, ${this.#mechanism}), but did not finish its handshake within ${timeoutMs} ms`;
  }

  #received(bytes: Buffer): void {
    if (this.#decoder !== null) {
      this.#decoder.receive(bytes);
      return;
    }
    const head = Buffer.concat([this.#head, bytes]);
    this.#head = head;
    if (head[0] !== 0xff || (head.length >= 10 && (head[9] & 1) === 0))
      return this.#fail(`does not speak ZMTP; it sent ${JSON.stringify(head.subarray(0, 24).toString("latin1"))}`);
    if (head.length > 10 && head[10] < 3) {
      this.#version = head[10] === 0 ? "1.0" : "2.0";
      this.#mechanism = "none";
      return this.#done();
    }
    if (head.length < GREETING_BYTES) return;
    this.#version = `${head[10]}.${head[11]}`;
    this.#mechanism = head.subarray(12, 32).toString("latin1").replace(/\0+$/, "");
    if (this.#mechanism !== "NULL") return this.#done();
    this.#decoder = new FrameDecoder(
      {
        onCommand: (body) => {
          this.#command(body);
          return true;
        },
        onMessage: () => true,
        onMalformed: (_reason, text) => this.#fail(`sent a malformed frame: ${text}`),
      },
      LIMITS,
    );
    this.#decoder.receive(Buffer.from(head.subarray(GREETING_BYTES)));
  }

  #command(body: Uint8Array): void {
    const command = decodeCommand(body);
    if (command?.name === "READY") {
      this.#metadata = decodeMetadata(command.data) ?? null;
      this.#introduce();
    } else if (command?.name === "ERROR") this.#fail(`refused: ${decodeError(command.data) ?? "without a reason"}`);
    else if (command?.name === "PONG") {
      this.#roundTripsMs.push(performance.now() - this.#pingAt);
      this.#ping();
    }
  }

  // As a type that may talk to the peer's.
  #introduce(): void {
    if (this.#decoder !== null) this.#decoder.handshaking = false;
    const theirs = Buffer.from(this.#metadata?.get("Socket-Type") ?? []).toString("latin1");
    const ours = (Object.keys(SOCKET_TYPES) as SocketTypeName[]).find((type) => isCompatible(type, theirs)) ?? "DEALER";
    const properties: [string, Uint8Array][] = [["Socket-Type", Buffer.from(ours)]];
    this.#socket.write(encodeFrame(FLAG_COMMAND, encodeCommand("READY", encodeMetadata(properties))));
    this.#ping();
  }

  #ping(): void {
    // PING came with ZMTP 3.1.
    if (this.#roundTripsMs.length >= this.#count || this.#version === "3.0") return this.#done();
    this.#pingAt = performance.now();
    this.#socket.write(encodeFrame(FLAG_COMMAND, encodePing(0)));
  }

  #closed(): void {
    if (this.#metadata !== null) this.#done();
    else this.#fail(this.#connectedMs === 0 ? "cannot be reached" : "closed the connection during the handshake");
  }

  #done(): void {
    clearTimeout(this.#timer);
    this.#resolve({
      connectedMs: this.#connectedMs,
      version: this.#version,
      mechanism: this.#mechanism,
      metadata: this.#metadata,
      roundTripsMs: this.#roundTripsMs,
    });
    this.#socket.destroy();
  }

  #fail(why: string): void {
    clearTimeout(this.#timer);
    this.#reject(new Failure(`${this.#endpoint} ${why}`));
    this.#socket.destroy();
  }
}

function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[8] = 1;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes[11] = 1;
  bytes.write("NULL", 12, "latin1");
  return bytes;
}

// A transport that has no bytes of its own to look at: what the socket's events tell.
async function pingWithSocket(endpoint: string, timeoutMs: number): Promise<void> {
  const dealer = new zmtp.Dealer();
  const begin = performance.now();
  const failures: string[] = [];
  for (const type of ["connect:retry", "handshake:error:protocol", "handshake:error:other"] as const)
    dealer.events.on(type, ({ error }) => failures.push(error.message));
  try {
    dealer.connect(endpoint);
    await dealer.connected(1, { signal: AbortSignal.timeout(timeoutMs) });
    const [peer] = dealer.peers();
    process.stdout.write(`${endpoint}: shook hands in ${(performance.now() - begin).toFixed(1)} ms\n`);
    process.stdout.write(`socket type ${peer?.peer.socketType || "not told"}\n`);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new Failure(
      `${endpoint} did not shake hands with a DEALER within ${timeoutMs} ms${failures.length > 0 ? `: ${failures[0]}` : ""}`,
    );
  } finally {
    await dealer.end(0);
  }
}
