// A peer over npm `zeromq` or over our own library, which has the same API; README.md beside this file says what it understands.
// Its argument says which: `zeromq` or `zmtp`.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { receiveFrames, sendFrames } from "../../support/addressed.ts";
import { describe, framesOf } from "../../support/pattern.ts";

/** What both libraries have, as far as we need it. */
interface AnySocket {
  readonly type: number;
  readonly lastEndpoint: string | null;
  readonly readable: boolean;
  readonly events: { on(type: string, listener: (event: { readonly address?: string }) => void): unknown };
  sendTimeout: number;
  receiveTimeout: number;
  bind(endpoint: string): Promise<void>;
  connect(endpoint: string): void;
  subscribe(topic: Buffer): void;
  unsubscribe(topic: Buffer): void;
  join(group: Buffer): void;
  leave(group: Buffer): void;
  send(frames: Buffer | Buffer[], options?: object): Promise<void>;
  receive(): Promise<Buffer[]>;
  close(): void;
  /** Only of npm `zeromq`, for options without a name. */
  setStringOption(number: number, value: Buffer): void;
}

type AnyLibrary = Readonly<Record<string, new (options: Record<string, unknown>) => AnySocket>> & { readonly version: string };

const CLASSES: Readonly<Record<string, string>> = {
  PAIR: "Pair",
  PUB: "Publisher",
  SUB: "Subscriber",
  XPUB: "XPublisher",
  XSUB: "XSubscriber",
  REQ: "Request",
  REP: "Reply",
  DEALER: "Dealer",
  ROUTER: "Router",
  PUSH: "Push",
  PULL: "Pull",
  STREAM: "Stream",
  SERVER: "Server",
  CLIENT: "Client",
  RADIO: "Radio",
  DISH: "Dish",
  GATHER: "Gather",
  SCATTER: "Scatter",
  DGRAM: "Datagram",
  PEER: "PeerSocket",
  CHANNEL: "Channel",
};
const NUMBERS = [
  "linger",
  "sendHighWaterMark",
  "receiveHighWaterMark",
  "reconnectInterval",
  "heartbeatInterval",
  "heartbeatTimeout",
  "heartbeatTimeToLive",
  "handshakeInterval",
  "rate",
  "recoveryInterval",
  "multicastHops",
];
const EVENTS = [
  "accept",
  "bind",
  "connect",
  "connect:delay",
  "connect:retry",
  "disconnect",
  "handshake",
  "handshake:error:protocol",
  "handshake:error:auth",
  "handshake:error:other",
];
/** Given in hexadecimal; those with a number are set by it, for npm `zeromq` has no name for them. */
const BYTES: Readonly<Record<string, number | undefined>> = {
  routingId: undefined,
  welcomeMessage: undefined,
  metadata: 95,
  helloMessage: 110,
  disconnectMessage: 111,
  curvePublicKey: undefined,
  curveSecretKey: undefined,
  curveServerKey: undefined,
};
/** Given in hexadecimal too, for the library in letters. */
const TEXTS = ["plainUsername", "plainPassword", "zapDomain"];
const SUBSCRIBE = { subscribe: 6, unsubscribe: 7 };
const VERBOSITIES: Readonly<Record<string, string>> = { verbose: "allSubs", verboser: "allSubsUnsubs" };
const SENDS_ONLY = ["PUB", "PUSH", "RADIO", "SCATTER"];
const RECEIVES_ONLY = ["SUB", "PULL", "DISH", "GATHER"];

/** A socket, and its events that were not asked for yet. */
class Entry {
  readonly socket: AnySocket;
  readonly timeout: number;
  #events: { readonly name: string; readonly address: string }[] = [];
  #arrived: (() => void) | undefined;

  constructor(socket: AnySocket, timeout: number, recorded: boolean) {
    this.socket = socket;
    this.timeout = timeout;
    if (!recorded) return;
    for (const name of EVENTS) {
      socket.events.on(name, ({ address = "" }) => {
        this.#events.push({ name, address });
        this.#arrived?.();
      });
    }
  }

  async event(name: string): Promise<string> {
    const end = performance.now() + this.timeout;
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        if (event.name === name) return event.address;
      }
      const left = end - performance.now();
      if (left <= 0) throw new Error(`event: no ${name} came`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Frames that are sent once: a libzmq that dials ws masks them in the memory of the sender (seen with 4.3.5). */
function ownFrames(message: string): Buffer[] {
  return framesOf(message).map((each) => Buffer.from(each));
}

const entries = new Map<string, Entry>();
let allowing = false;

/** Answers ZAP (RFC 27): everybody may come. libzmq's PLAIN servers let nobody in without somebody who answers. */
function allowAll(library: AnyLibrary): void {
  if (allowing) return;
  allowing = true;
  const zap = new library.Router({});
  const answer = async (): Promise<void> => {
    await zap.bind("inproc://zeromq.zap.01");
    const [empty, ok, text] = ["", "200", "OK"].map((each) => Buffer.from(each));
    for (;;) {
      const [id, , version, request] = (await zap.receive()) as Buffer[];
      await zap.send([id, empty, version, request, ok, text, empty, empty]);
    }
  };
  answer().catch((error: unknown) => console.error(error));
}

function make(library: AnyLibrary, id: string, type: string, settings: readonly string[]): void {
  const options: Record<string, unknown> = {};
  const numbered: [number, Buffer][] = [];
  let timeout = 20_000;
  let recorded = false;
  for (const setting of settings) {
    const [name, value] = setting.split("=", 2);
    if (name === "timeout") timeout = Number(value);
    else if (name === "allowAll") allowAll(library);
    else if (name === "events") recorded = value === "1";
    else if (name in BYTES) {
      const [number, bytes] = [BYTES[name], Buffer.from(value.slice(1), "hex")];
      if (number === undefined) options[name] = bytes;
      else numbered.push([number, bytes]);
    } else if (name in VERBOSITIES) options.verbosity = VERBOSITIES[name];
    else if (TEXTS.includes(name)) options[name] = Buffer.from(value.slice(1), "hex").toString();
    else options[name] = NUMBERS.includes(name) ? Number(value) : value === "1";
  }
  const socket = new library[CLASSES[type]](options);
  for (const [number, bytes] of numbered) socket.setStringOption(number, bytes);
  if (!RECEIVES_ONLY.includes(type)) socket.sendTimeout = timeout;
  if (!SENDS_ONLY.includes(type)) socket.receiveTimeout = timeout;
  entries.set(id, new Entry(socket, timeout, recorded));
}

/**
 * npm `zeromq` gives up a receive before its time (EAGAIN) if what woke it is nothing in the end, such as a late reply that a REQ throws away:
 * we go on until the time is over.
 */
async function receive({ socket, timeout }: Entry): Promise<Buffer[]> {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      return await receiveFrames(socket);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN" || performance.now() >= end) throw error;
    }
  }
}

/** So many octets that one connection of a STREAM brings, whatever the pieces, as one message. */
async function collect(entry: Entry, octets: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let from: Buffer | undefined;
  for (let left = octets; left > 0; left -= pieces[pieces.length - 1].length) {
    const [id, data] = await receive(entry);
    from ??= id;
    if (!id.equals(from) || data.length === 0)
      throw new Error(`collect: ${describe([id, data])} came with ${left} octets to come`);
    pieces.push(data);
  }
  return [from ?? Buffer.alloc(0), Buffer.concat(pieces)];
}

async function flow(socket: AnySocket, sends: number, receives: number, size: number): Promise<void> {
  const [filler] = framesOf(`p${size}:0`);
  const send = async (): Promise<void> => {
    for (let number = 0; number < sends; number++) {
      const body = Buffer.from(filler);
      body.writeUInt32BE(number);
      await socket.send(body);
    }
  };
  const receive = async (): Promise<void> => {
    for (let number = 0; number < receives; number++) {
      const [body] = await socket.receive();
      const got = body.length < 4 ? -1 : body.readUInt32BE();
      if (got !== number || body.length !== size)
        throw new Error(`flow: got number ${got} in ${body.length} octets, expected ${number} in ${size}`);
    }
  };
  await Promise.all([send(), receive()]);
}

async function run(library: AnyLibrary, [command, id, ...rest]: readonly string[]): Promise<readonly string[]> {
  if (command === "socket") {
    make(library, id, rest[0], rest.slice(1));
    return [];
  }
  const entry = entries.get(id);
  if (entry === undefined) throw new Error(`no socket ${id}`);
  const { socket } = entry;
  switch (command) {
    case "bind":
      await socket.bind(rest[0]);
      return [socket.lastEndpoint ?? ""];
    case "connect":
      socket.connect(rest[0]);
      return [];
    case "subscribe":
    case "unsubscribe":
      // An XPUB has no method for it in npm `zeromq`.
      if (socket[command] === undefined) socket.setStringOption(SUBSCRIBE[command], Buffer.from(rest[0].slice(1), "hex"));
      else socket[command](Buffer.from(rest[0].slice(1), "hex"));
      // Setting does not make libzmq look at peers that have come since; this does, and then they get the subscription.
      void socket.readable;
      return [];
    case "join":
    case "leave":
      socket[command](Buffer.from(rest[0].slice(1), "hex"));
      void socket.readable;
      return [];
    case "send":
      for (const message of rest) await sendFrames(socket, ownFrames(message));
      return [];
    case "receive": {
      const messages: string[] = [];
      for (let count = Number(rest[0]); count > 0; count--) messages.push(describe(await receive(entry)));
      return messages;
    }
    case "ask": {
      const answers: string[] = [];
      for (const message of rest) {
        await sendFrames(socket, ownFrames(message));
        answers.push(describe(await receive(entry)));
      }
      return answers;
    }
    case "echo":
      for (let count = Number(rest[0]); count > 0; count--) await sendFrames(socket, await receiveFrames(socket));
      return [];
    case "collect":
      return [describe(await collect(entry, Number(rest[0])))];
    case "flow":
      await flow(socket, Number(rest[0]), Number(rest[1]), Number(rest[2]));
      return [];
    case "event":
      return [await entry.event(rest[0])];
    case "none":
      return none(entry, Number(rest[0]));
    case "close":
      entries.delete(id);
      socket.close();
      return [];
    default:
      throw new Error(`no such command: ${command}`);
  }
}

async function none({ socket, timeout }: Entry, ms: number): Promise<readonly string[]> {
  socket.receiveTimeout = ms;
  try {
    await socket.receive();
  } catch (error) {
    if ((error as { code?: string }).code === "EAGAIN") return [];
    throw error;
  } finally {
    socket.receiveTimeout = timeout;
  }
  throw new Error("a message came where none should");
}

/** npm `zeromq` with what it has elsewhere (`zeromq/draft`) or has no class for. */
function zeromq(): AnyLibrary {
  const require = createRequire(import.meta.url);
  const library = require("zeromq");
  if (!library.capability.draft) return library;
  const draft = require("zeromq/draft");
  /** Its own `join` and `leave` forget whose they are. */
  class Dish extends draft.Dish {
    join(...groups: Buffer[]): void {
      library.Socket.prototype.join.apply(this, groups);
    }

    leave(...groups: Buffer[]): void {
      library.Socket.prototype.leave.apply(this, groups);
    }
  }
  const numbered = (type: number): unknown => {
    class Numbered extends library.Socket {
      constructor(options: Record<string, unknown>) {
        super(type, options);
      }
    }
    // The accessors of the options that a type has are on its own prototype.
    const { constructor: _, ...accessors } = Object.getOwnPropertyDescriptors(draft.Client.prototype);
    return Object.defineProperties(Numbered.prototype, accessors).constructor;
  };
  return { ...library, ...draft, Dish, PeerSocket: numbered(19), Channel: numbered(20) } as unknown as AnyLibrary;
}

async function main(): Promise<void> {
  const name = process.argv[2];
  const library = name === "zmtp" ? ((await import("../../../src/node.ts")) as unknown as AnyLibrary) : zeromq();
  process.stdout.write(`ready ${library.version}\n`);
  let last: Promise<unknown> = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    last = last
      .then(() => run(library, line.split(" ")))
      .then(
        (words) => process.stdout.write(`${["ok", ...words].join(" ")}\n`),
        (error: Error) => process.stdout.write(`error ${error.message.replaceAll("\n", " ")}\n`),
      );
  });
  // The process that asked is gone. With sockets open, an orderly exit of npm `zeromq` would wait for what they have to send.
  lines.on("close", () => (entries.size === 0 ? process.exit() : process.kill(process.pid, "SIGKILL")));
}

void main();
