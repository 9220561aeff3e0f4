/**
 * A peer by hand: bytes of ZMTP 3.1 with the NULL mechanism over tcp, for what no well-behaved socket would do (silence, wrong envelopes, sudden ends).
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** signature (10), version 3.1, mechanism NULL (20), as-server 0, filler (31) */
export const GREETING: Buffer = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]),
  Buffer.from("NULL".padEnd(20, "\0"), "latin1"),
  Buffer.alloc(32),
]);

/** One frame. */
export function frame(body: Uint8Array | string, flags: { more?: boolean; command?: boolean } = {}): Buffer {
  const bytes = Buffer.from(body as string);
  const bits = (flags.more ? 1 : 0) | (flags.command ? 4 : 0);
  if (bytes.length <= 255) return Buffer.concat([Buffer.from([bits, bytes.length]), bytes]);
  const header = Buffer.alloc(9);
  header[0] = bits | 2;
  header.writeBigUInt64BE(BigInt(bytes.length), 1);
  return Buffer.concat([header, bytes]);
}

/** The frames of one message. */
export function message(...parts: (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map((part, index) => frame(part, { more: index < parts.length - 1 })));
}

export function command(name: string, body: Uint8Array = Buffer.alloc(0)): Buffer {
  return frame(Buffer.concat([Buffer.from([name.length]), Buffer.from(name, "latin1"), body]), { command: true });
}

export function ready(socketType: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const properties = Object.entries({ "Socket-Type": socketType, ...more }).map(([name, value]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(Buffer.byteLength(value));
    return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), size, Buffer.from(value)]);
  });
  return command("READY", Buffer.concat(properties));
}

/** One frame as it came. */
export interface RawFrame {
  readonly flags: number;
  readonly body: Buffer;
}

export class RawPeer {
  readonly socket: Socket;
  /** Resolves when the other side ended or reset the connection. */
  readonly gone: Promise<void>;
  #bytes = Buffer.alloc(0);
  #more: (() => void) | null = null;
  #ended = false;

  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#more?.();
    });
    this.gone = new Promise((resolve) => {
      const end = (): void => {
        this.#ended = true;
        this.#more?.();
        resolve();
      };
      socket.on("end", end);
      socket.on("close", end);
    });
    t.after(() => socket.destroy());
  }

  /** Connects to a tcp endpoint text. */
  static async connect(t: TestContext, endpoint: string): Promise<RawPeer> {
    const { hostname, port } = new URL(endpoint.replace("tcp:", "http:"));
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const peer = new RawPeer(t, socket);
    await once(socket, "connect");
    return peer;
  }

  write(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** Exactly `count` bytes. */
  async read(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      if (this.#ended) throw new Error(`the connection ended; ${this.#bytes.length} bytes of ${count} came`);
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async readFrame(): Promise<RawFrame> {
    const [flags] = await this.read(1);
    const size = (flags & 2) !== 0 ? Number((await this.read(8)).readBigUInt64BE()) : (await this.read(1))[0];
    return { flags, body: await this.read(size) };
  }

  /** A whole message; commands are skipped. */
  async readMessage(): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    for (;;) {
      const { flags, body } = await this.readFrame();
      if ((flags & 4) !== 0) continue;
      frames.push(body);
      if ((flags & 1) === 0) return frames;
    }
  }

  /** The name of the next command; its body follows the name. */
  async readCommand(): Promise<{ name: string; body: Buffer }> {
    const { flags, body } = await this.readFrame();
    if ((flags & 4) === 0) throw new Error("a message came where a command was expected");
    return { name: body.subarray(1, 1 + body[0]).toString("latin1"), body: body.subarray(1 + body[0]) };
  }

  /** Greeting and READY both ways. */
  async handshake(socketType: string, properties: Readonly<Record<string, string>> = {}): Promise<void> {
    this.write(GREETING);
    await this.read(64);
    this.write(ready(socketType, properties));
    const { name } = await this.readCommand();
    if (name !== "READY") throw new Error(`expected READY, got ${name}`);
  }
}

/** A listener for raw peers. */
export class RawServer {
  readonly endpoint: string;
  #server: Server;
  #accepted: Socket[] = [];
  #wanted: (() => void) | null = null;
  #t: TestContext;

  private constructor(t: TestContext, server: Server) {
    this.#t = t;
    this.#server = server;
    const { port } = server.address() as { port: number };
    this.endpoint = `tcp://127.0.0.1:${port}`;
    server.on("connection", (socket) => {
      this.#accepted.push(socket);
      this.#wanted?.();
    });
    t.after(() => this.close());
  }

  static async listen(t: TestContext, port = 0): Promise<RawServer> {
    const server = createServer({ noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new RawServer(t, server);
  }

  /** The next connection. */
  async accept(): Promise<RawPeer> {
    while (this.#accepted.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
    return new RawPeer(this.#t, this.#accepted.shift() as Socket);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#accepted) socket.destroy();
  }
}
