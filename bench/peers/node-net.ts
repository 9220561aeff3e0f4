/**
 * The reference: bare `node:net` sockets that move the same messages without ZeroMQ. What is slower than this costs us;
 * what this costs, costs everybody on this runtime.
 *
 * A message is its length in 4 octets and its body. Small ones are gathered, up to 64 KiB a write, and handed out as
 * views; large ones are written by reference and assembled in a buffer of their own.
 */
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import {
  bodies,
  LARGE_BYTES,
  Meter,
  obeyParent,
  QUEUE_BYTES,
  RoundTrips,
  report,
  reportIdle,
  residentOctets,
  settings,
  told,
  wallSeconds,
} from "./harness.ts";

const { role, endpoint = "", size: sizeText = "10", seconds: secondsText = "1", count: countText = "1" } = settings();
const size = Number(sizeText);
const seconds = Number(secondsText);
const count = Number(countText);

const GATHER_BYTES = 65_536;
/** Bodies from this size on go by reference. */
const REFERENCE_BYTES = 4096;
const HEADER_BYTES = 4;
/** So many connections are made at a time, and then waited for: more would overrun the listener's backlog. */
const BATCH = 1000;

function connect(): Socket {
  const options = { writableHighWaterMark: QUEUE_BYTES, noDelay: true };
  if (endpoint.startsWith("ipc://")) return dial({ path: endpoint.slice(6), ...options });
  const [host, port] = endpoint.slice(6).split(":");
  return dial({ host, port: Number(port), ...options });
}

/** Listens and reports where. */
async function listen(server: Server): Promise<void> {
  const path = endpoint.startsWith("ipc://") ? endpoint.slice(6) : undefined;
  const options = path === undefined ? { host: "127.0.0.1", port: 0, backlog: 4096 } : { path };
  await new Promise<void>((resolve) => server.listen(options, resolve));
  report({ endpoint: path === undefined ? `tcp://127.0.0.1:${(server.address() as { port: number }).port}` : endpoint });
}

function once(socket: Socket, event: "connect" | "drain"): Promise<void> {
  return new Promise((resolve) => socket.once(event, resolve));
}

async function push(): Promise<void> {
  const socket = connect();
  await once(socket, "connect");
  // The receiver ends when it has seen enough; then the bench ends us.
  socket.on("error", () => socket.destroy());
  const make = bodies(size);
  const perWrite = Math.max(1, Math.floor(GATHER_BYTES / (HEADER_BYTES + size)));
  for (;;) {
    while (size < REFERENCE_BYTES ? socket.write(gather(perWrite, make)) : writeOne(socket, make())) {}
    await once(socket, "drain");
  }
}

function writeOne(socket: Socket, body: Buffer): boolean {
  const header = Buffer.allocUnsafe(body.length < REFERENCE_BYTES ? HEADER_BYTES + body.length : HEADER_BYTES);
  header.writeUInt32BE(body.length);
  if (body.length < REFERENCE_BYTES) {
    header.set(body, HEADER_BYTES);
    return socket.write(header);
  }
  socket.cork();
  socket.write(header);
  const room = socket.write(body);
  socket.uncork();
  return room;
}

function gather(messages: number, make: () => Buffer): Buffer {
  const block = Buffer.allocUnsafeSlow(messages * (HEADER_BYTES + size));
  let at = 0;
  for (let i = 0; i < messages; i++) {
    const body = make();
    block.writeUInt32BE(body.length, at);
    block.set(body, at + HEADER_BYTES);
    at += HEADER_BYTES + body.length;
  }
  return block;
}

/** Cuts a stream into messages. */
class Assembler {
  #onMessage: (body: Buffer) => void;
  /** The start of a message that is not complete, header included, while it is small. */
  #rest: Buffer | null = null;
  /** The message being assembled, and how much of it is there. */
  #body: Buffer | null = null;
  #filled = 0;

  constructor(onMessage: (body: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(data: Buffer): void {
    let chunk = data;
    if (this.#rest !== null) {
      chunk = Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
    }
    let at = this.#body === null ? 0 : this.#fill(chunk, 0);
    while (this.#body === null && chunk.length - at >= HEADER_BYTES) {
      const length = chunk.readUInt32BE(at);
      const end = at + HEADER_BYTES + length;
      if (end <= chunk.length) {
        this.#onMessage(chunk.subarray(at + HEADER_BYTES, end));
        at = end;
      } else if (length < LARGE_BYTES) break;
      else {
        this.#body = Buffer.allocUnsafeSlow(length);
        this.#filled = 0;
        at = this.#fill(chunk, at + HEADER_BYTES);
      }
    }
    if (at < chunk.length) this.#rest = chunk.subarray(at);
  }

  #fill(chunk: Buffer, from: number): number {
    const body = this.#body as Buffer;
    const taken = chunk.copy(body, this.#filled, from);
    this.#filled += taken;
    if (this.#filled === body.length) {
      this.#body = null;
      this.#onMessage(body);
    }
    return from + taken;
  }
}

async function pull(): Promise<void> {
  const meter = new Meter(seconds, size);
  const onMessage = (body: Buffer): void => {
    if (!meter.count(body)) return;
    report(meter.result);
    process.exit(0);
  };
  const server = createServer((socket) => {
    const assembler = new Assembler(onMessage);
    socket.on("data", (chunk) => assembler.push(chunk));
  });
  await listen(server);
}

/** Sends back whole messages. */
async function reply(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    const assembler = new Assembler((body) => writeOne(socket, body));
    socket.on("data", (chunk) => {
      socket.cork(); // What came together goes together.
      assembler.push(chunk);
      socket.uncork();
    });
  });
  await listen(server);
}

async function request(): Promise<void> {
  const socket = connect();
  await once(socket, "connect");
  const make = bodies(size);
  let trips: RoundTrips | undefined;
  const assembler = new Assembler(() => {
    if (trips?.stop()) {
      report(trips.result);
      process.exit(0);
    }
    trips ??= new RoundTrips(seconds);
    trips.start();
    writeOne(socket, make());
  });
  socket.on("data", (chunk) => assembler.push(chunk));
  writeOne(socket, make());
}

async function pipeline(): Promise<void> {
  const socket = connect();
  await once(socket, "connect");
  const make = bodies(size);
  const meter = new Meter(seconds, size);
  const assembler = new Assembler((body) => {
    if (meter.count(body)) {
      report(meter.result);
      process.exit(0);
    }
    writeOne(socket, make());
  });
  socket.on("data", (chunk) => {
    socket.cork();
    assembler.push(chunk);
    socket.uncork();
  });
  for (let i = 0; i < count; i++) writeOne(socket, make());
}

/** Accepts `count` connections and a few octets from each. */
async function hub(): Promise<void> {
  const sockets: Socket[] = [];
  let before = 0;
  const server = createServer((socket) => {
    socket.once("data", () => {
      sockets.push(socket);
      if (sockets.length === count || sockets.length % BATCH === 0) report({ at: wallSeconds() });
      if (sockets.length === count) void reportIdle(before, count, seconds);
    });
  });
  before = await residentOctets();
  await listen(server);
}

async function spokes(): Promise<void> {
  const before = await residentOctets();
  report({ at: wallSeconds() });
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    for (const end = Math.min(count, sockets.length + BATCH); sockets.length < end; ) {
      const socket = connect();
      socket.on("data", () => undefined);
      socket.write("hello");
      sockets.push(socket);
    }
    await told();
  }
  await reportIdle(before, sockets.length, seconds);
}

const roles: Readonly<Record<string, () => Promise<void>>> = { push, pull, reply, request, pipeline, hub, spokes };
obeyParent();
void roles[role]();
