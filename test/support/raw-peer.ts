/**
 * A ZMTP peer made by hand over TCP: it says what a test lets it say, byte by byte, and reads exactly what came.
 *
 * Waits are for events; GUARD_MS only turns a test that would hang into a failure that says what it was waiting for.
 */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { Socket as ZmqSocket } from "../../src/node.ts";
import { decodeCommand, decodeMetadata } from "../../src/zmtp/command.ts";
import { greeting, ready } from "./engine-probe.ts";
import { Events as EventLog } from "./events.ts";
import { freePort } from "./free-port.ts";

export { EventLog };

/** A wait longer than this has failed. */
const GUARD_MS = 20_000;

/** Where tests register what has to happen at their end. */
export interface TestContext {
  after(cleanUp: () => unknown): void;
}

export interface RawFrame {
  readonly flags: number;
  readonly body: Buffer;
}

export class RawPeer {
  readonly socket: Socket;
  /** What the other side announced in its READY. */
  metadata: ReadonlyMap<string, Uint8Array> = new Map();
  #received = Buffer.alloc(0);
  #ended = false;
  #wakers: (() => void)[] = [];

  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ["close", "end"]) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
    t.after(() => socket.destroy());
  }

  /** Connects to a tcp endpoint. */
  static async connect(t: TestContext, endpoint: string): Promise<RawPeer> {
    const { hostname, port } = new URL(endpoint);
    const socket = connect(Number(port), hostname);
    await guard(new Promise((resolve) => socket.once("connect", resolve)), `a connection to ${endpoint}`);
    return new RawPeer(t, socket);
  }

  /** Whether the other side closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What came and was not read yet. */
  get unread(): Buffer {
    return this.#received;
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** Exactly so many octets. */
  async read(count: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= count, `${count} octets`);
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  async readFrame(): Promise<RawFrame> {
    const [flags, short] = await this.read(2);
    if ((flags & 2) === 0) return { flags, body: await this.read(short) };
    const rest = await this.read(7);
    return { flags, body: await this.read(Number(Buffer.concat([Buffer.from([short]), rest]).readBigUInt64BE())) };
  }

  /** The next frames up to one without MORE, which must not be commands. */
  async readMessage(): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    for (;;) {
      const { flags, body } = await this.readFrame();
      assert.equal(flags & 4, 0, `a message frame was expected, the command ${body.toString("latin1")} came`);
      frames.push(body);
      if ((flags & 1) === 0) return frames;
    }
  }

  /** The next frame, which must be a command. */
  async readCommand(): Promise<{ name: string; data: Buffer }> {
    const { flags, body } = await this.readFrame();
    assert.equal(flags & 4, 4, `a command was expected, the frame ${body.toString("hex")} came`);
    const command = decodeCommand(body);
    assert.ok(command !== undefined, `not a command: ${body.toString("hex")}`);
    return { name: command.name, data: Buffer.from(command.data) };
  }

  /** Both greetings and both READYs. */
  async handshake(
    socketType: string,
    options: { identity?: string | Uint8Array; minor?: number; metadata?: Readonly<Record<string, string>> } = {},
  ): Promise<this> {
    this.send(greeting({ minor: options.minor ?? 1 }));
    await this.read(64);
    this.send(ready(socketType, options.identity, options.metadata));
    const own = await this.readCommand();
    assert.equal(own.name, "READY");
    this.metadata = decodeMetadata(own.data) ?? new Map();
    return this;
  }

  /** The other side closes; returns what it sent before. */
  async closed(): Promise<Buffer> {
    await this.#until(() => this.#ended, "the end of the connection");
    return this.#received;
  }

  /** Stops reading, for good. */
  neverRead(): void {
    this.socket.pause();
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const done = (async () => {
      while (!condition()) {
        if (this.#ended) throw new Error(`waiting for ${what}, the connection ended after ${this.#received.toString("hex")}`);
        await new Promise<void>((resolve) => this.#wakers.push(resolve));
      }
    })();
    await guard(done, () => `${what}; came so far: ${this.#received.toString("hex")}`);
  }
}

/** A listener of raw peers on a port of the system's choice. */
export class RawListener {
  readonly endpoint: string;
  /** Connections so far. */
  count = 0;
  #waiting: Socket[] = [];
  #wake: (() => void) | null = null;
  #t: TestContext;

  constructor(t: TestContext, server: Server) {
    this.#t = t;
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    this.endpoint = `tcp://127.0.0.1:${address.port}`;
    server.on("connection", (socket) => {
      this.count++;
      socket.on("error", () => undefined);
      this.#waiting.push(socket);
      this.#wake?.();
    });
    t.after(() => {
      server.close();
      for (const socket of this.#waiting) socket.destroy();
    });
  }

  static async listen(t: TestContext): Promise<RawListener> {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return new RawListener(t, server);
  }

  async accept(): Promise<RawPeer> {
    while (this.#waiting.length === 0) {
      await guard(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        `a connection at ${this.endpoint}`,
      );
    }
    return new RawPeer(this.#t, this.#waiting.shift() as Socket);
  }
}

/** Binds a socket to a free port; it is closed with the test. */
export async function bound<S extends ZmqSocket>(
  t: TestContext,
  socket: S,
): Promise<{ socket: S; endpoint: string; log: EventLog }> {
  const log = new EventLog(kept(t, socket));
  await socket.bind(`tcp://127.0.0.1:${await freePort()}`);
  return { socket, endpoint: socket.lastEndpoint as string, log };
}

/** Closes the socket with the test, without lingering. */
export function kept<S extends ZmqSocket>(t: TestContext, socket: S): S {
  t.after(() => socket.end(0));
  return socket;
}

/** Rejects when a promise takes too long. */
export async function guard<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${GUARD_MS} ms for ${typeof what === "string" ? what : what()}`)),
      GUARD_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, turn by turn, for something that has no event. */
export async function untilTrue(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > GUARD_MS) throw new Error(`waited ${GUARD_MS} ms for ${what}`);
    await turn();
  }
}
