// What runs in a page of the browser tests: roles that a test calls by name. Everything that goes in and out is text, for it goes through the
// browser's debugging protocol.

import {
  curveKeyPair,
  curvePublicKey,
  Dealer,
  has,
  type MessageLike,
  Pair,
  Pull,
  Push,
  Request,
  Subscriber,
  ZmqError,
} from "zmtp/browser";

const texts = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => new TextDecoder().decode(frame));

/** The sockets that stay open between calls, by name. */
const open = new Map<string, Pull | Subscriber>();

export const roles = {
  /** What a page has: the class of frames, and features. */
  async facts(
    endpoint: string,
  ): Promise<{ frame: string; buffer: boolean; features: Record<string, boolean>; bind: string; tcp: string }> {
    const pull = new Pull();
    pull.connect(endpoint);
    const [frame] = await pull.receive();
    const codeOf = async (call: () => Promise<void> | void): Promise<string> => {
      try {
        await call();
        return "none";
      } catch (error) {
        return error instanceof ZmqError ? `${error.code}: ${error.message}` : String(error);
      }
    };
    const bind = await codeOf(() => pull.bind("ws://*:8080"));
    const tcp = await codeOf(() => pull.connect("tcp://127.0.0.1:1"));
    pull.close();
    const features = Object.fromEntries(["ws", "wss", "ipc", "curve"].map((name) => [name, has(name)]));
    return { frame: frame.constructor.name, buffer: "Buffer" in globalThis, features, bind, tcp };
  },

  async request(endpoint: string, ...questions: string[]): Promise<string[]> {
    const socket = new Request();
    socket.connect(endpoint);
    const answers: string[] = [];
    for (const question of questions) {
      await socket.send(question);
      answers.push(texts(await socket.receive()).join("|"));
    }
    socket.close();
    return answers;
  },

  async dealer(endpoint: string, routingId: string, count: number): Promise<string[]> {
    const socket = new Dealer({ routingId });
    socket.connect(endpoint);
    for (let i = 0; i < count; i++) await socket.send([String(i), "question"]);
    const answers: string[] = [];
    while (answers.length < count) answers.push(texts(await socket.receive()).join("|"));
    socket.close();
    return answers;
  },

  async subscribe(endpoint: string, topic: string, count: number): Promise<string[]> {
    const socket = new Subscriber();
    socket.connect(endpoint);
    socket.subscribe(topic);
    const got: string[] = [];
    while (got.length < count) got.push(texts(await socket.receive()).join("|"));
    socket.close();
    return got;
  },

  /** Numbered messages, the last frame `size` octets long; resolves when all are out. */
  async push(endpoint: string, count: number, size: number): Promise<{ flushed: number; dropped: number }> {
    const socket = new Push();
    socket.connect(endpoint);
    const body = new Uint8Array(size).fill(120);
    for (let i = 0; i < count; i++) await socket.send([String(i), body]);
    return socket.end();
  },

  /** Receives numbered messages; says what came out of order, and how many octets there were. */
  async pull(endpoint: string, count: number): Promise<{ received: number; wrong: number; bytes: number }> {
    const socket = new Pull();
    socket.connect(endpoint);
    let wrong = 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const [number, body] = await socket.receive();
      if (texts([number])[0] !== String(i)) wrong++;
      bytes += body.length;
    }
    socket.close();
    return { received: count, wrong, bytes };
  },

  /** Opens a PULL that stays, and keeps what its monitor says. */
  open(name: string, endpoint: string): void {
    const socket = new Pull({ reconnectInterval: 20 });
    socket.connect(endpoint);
    open.set(name, socket);
  },

  async next(name: string): Promise<string[]> {
    return texts(await (open.get(name) as Pull).receive());
  },

  async close(name: string): Promise<void> {
    await open.get(name)?.end(0);
    open.delete(name);
  },

  /** The first event of a type, and its error's reason. */
  event(
    endpoint: string,
    type: "connect:retry" | "handshake" | "close",
  ): Promise<{ type: string; reason: string; message: string }> {
    const socket = new Pull({ reconnectInterval: 50 });
    return new Promise((resolve) => {
      socket.events.on(type, (event) => {
        const { error } = event as { error?: ZmqError };
        socket.close();
        resolve({ type, reason: error?.reason ?? "", message: error?.message ?? "" });
      });
      socket.connect(endpoint);
    });
  },

  /** A REQ with PLAIN; or with CURVE and keys that were made in the page, by the program or for the socket. */
  async secure(
    endpoint: string,
    security: { serverKey?: string; own?: boolean; password?: string },
    question: string,
  ): Promise<string[]> {
    const { serverKey, own = false, password } = security;
    const keys = curveKeyPair();
    const options =
      serverKey === undefined
        ? { plainUsername: "page", plainPassword: password ?? "" }
        : { curve: own ? { serverKey, keyPair: keys } : { serverKey } };
    const socket = new Request(options);
    socket.connect(endpoint);
    await socket.send(question);
    const answer = texts(await socket.receive());
    socket.close();
    return [...answer, String(curvePublicKey(keys.secretKey) === keys.publicKey)];
  },

  /** Both ends in the page. */
  async inproc(messages: MessageLike[]): Promise<string[]> {
    const [one, two] = [new Pair(), new Pair()];
    await one.bind("inproc://page");
    two.connect("inproc://page");
    const got: string[] = [];
    for (const message of messages) {
      await two.send(message);
      got.push(...texts(await one.receive()));
    }
    one.close();
    two.close();
    return got;
  },
};

(globalThis as unknown as { roles: typeof roles }).roles = roles;
