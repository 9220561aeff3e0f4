// The conversations of the matrix. Each is held between two processes, told what to do in the same words: ours or libzmq's on
// side A, the language's on side B. So a conversation that fails with us can be held again, word for word, with libzmq.

import assert from "node:assert/strict";
import { z85 } from "../../src/node.ts";
import { freePort } from "../support/harness.ts";
import { frame, reportOf, text } from "../support/pattern.ts";
import { Peer, type PeerOptions, type PeerSocket, type StableName } from "../support/peer.ts";
import type { PeerKind } from "../support/peers.ts";
import type { Ability } from "./kinds.ts";

export type Side = "a" | "b";

export interface Conversation {
  readonly title: string;
  /** What the binding must have for it. */
  readonly needs?: Ability;
  readonly hold: (table: Table) => Promise<void>;
}

const KIB = 1024;
const WAIT_MS = 10_000;
const SETTLE_MS = 20;
const ZAP = "inproc://zeromq.zap.01";
const SIZES = [0, 1, 255, 256, 64 * KIB, 8 * KIB * KIB];
const OTHER: Record<Side, Side> = { a: "b", b: "a" };

/** Two processes, and who of them binds. */
export class Table {
  readonly binder: Side;
  readonly #kinds: Record<Side, PeerKind>;
  #peers: Partial<Record<Side, Peer>> = {};
  #sockets: PeerSocket[] = [];

  constructor(a: PeerKind, b: PeerKind, binder: Side) {
    this.#kinds = { a, b };
    this.binder = binder;
  }

  /** Makes a socket for each side; the binder binds, the other connects. */
  async join(a: StableName, b: StableName, aOptions: PeerOptions = {}, bOptions: PeerOptions = {}): Promise<Pair> {
    const pair = new Pair(this, `tcp://127.0.0.1:${await freePort()}`, { a: [a, aOptions], b: [b, bOptions] });
    for (const side of [this.binder, OTHER[this.binder]]) await pair.place(side);
    return pair;
  }

  /** Opens what answers a side's questions who may come in; undefined where nobody asks. */
  async doorkeeper(side: Side): Promise<PeerSocket | undefined> {
    if (this.#kinds[side].asksZap === false) return undefined;
    const handler = await (await this.peer(side)).socket("REP", { linger: 0, timeout: WAIT_MS });
    this.own(handler);
    await handler.bind(ZAP);
    return handler;
  }

  async peer(side: Side): Promise<Peer> {
    return (this.#peers[side] ??= await Peer.start(this.#kinds[side]));
  }

  async kill(side: Side): Promise<void> {
    await this.#peers[side]?.kill();
    delete this.#peers[side];
  }

  own(socket: PeerSocket): void {
    this.#sockets.push(socket);
  }

  /** Closes what was opened; the processes serve the next conversation. */
  async clear(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) if (Object.values(this.#peers).includes(socket.peer)) await socket.close();
  }

  async end(): Promise<void> {
    await Promise.all([this.kill("a"), this.kill("b")]);
    this.#sockets = [];
  }
}

/** Two sockets that talk. */
export class Pair {
  readonly #table: Table;
  readonly #endpoint: string;
  readonly #make: Record<Side, readonly [StableName, PeerOptions]>;
  #sockets: Partial<Record<Side, PeerSocket>> = {};

  constructor(table: Table, endpoint: string, make: Record<Side, readonly [StableName, PeerOptions]>) {
    this.#table = table;
    this.#endpoint = endpoint;
    this.#make = make;
  }

  get a(): PeerSocket {
    return this.#sockets.a as PeerSocket;
  }

  get b(): PeerSocket {
    return this.#sockets.b as PeerSocket;
  }

  async place(side: Side): Promise<void> {
    const [type, options] = this.#make[side];
    const socket = await (await this.#table.peer(side)).socket(type, { linger: 0, timeout: WAIT_MS, ...options });
    this.#table.own(socket);
    this.#sockets[side] = socket;
    if (side === this.#table.binder) await socket.bind(this.#endpoint);
    else await socket.connect(this.#endpoint);
  }

  /** Kills the process of a side, and puts another with the same socket into its place. */
  async reborn(side: Side): Promise<void> {
    await this.#table.kill(side);
    await this.place(side);
  }
}

/** The same with the sides exchanged: what A did, B does. */
async function bothWays(
  table: Table,
  a: StableName,
  b: StableName,
  talk: (from: PeerSocket, to: PeerSocket) => Promise<void>,
): Promise<void> {
  const there = await table.join(a, b);
  await talk(there.a, there.b);
  const back = await table.join(b, a);
  await talk(back.b, back.a);
}

async function exact(sender: PeerSocket, receiver: PeerSocket, messages: readonly string[]): Promise<void> {
  const [got] = await Promise.all([receiver.receive(messages.length), sender.send(...messages)]);
  assert.deepEqual(got, messages.map(reportOf));
}

async function asked(client: PeerSocket, server: PeerSocket, messages: readonly string[]): Promise<void> {
  const [got] = await Promise.all([client.ask(...messages), server.echo(messages.length)]);
  assert.deepEqual(got, messages.map(reportOf));
}

/** Sends numbered messages until one arrives, then takes the rest of them away: from here on nothing is lost. */
async function meet(sender: PeerSocket, receiver: PeerSocket, prefix: string): Promise<void> {
  let over = false;
  const first = receiver.receive().finally(() => {
    over = true;
  });
  first.catch(() => undefined); // Awaited below, after the sender has stopped.
  while (!over) {
    await sender.send(prefix + text("anybody there?"));
    await Promise.race([first.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
  }
  await first;
  const last = prefix + text("enough");
  await sender.send(last);
  for (let got = ""; got !== reportOf(last); ) [got] = await receiver.receive();
}

const SMALL = Array.from({ length: 20 }, (_, i) => text(`message ${i}`));
const PARTS = [
  [frame(0), frame(1)],
  [frame(255), frame(0), frame(256)],
  [0, 1, 255, 256, 0, 64 * KIB, 2, 254, 257, 0].map((size) => frame(size)),
  ["p7:1*200"],
].map((frames) => frames.join(","));
const ROUTING_ID = text("wi");

async function published(from: PeerSocket, to: PeerSocket): Promise<void> {
  await to.subscribe("x01");
  await meet(from, to, "x01,");
  await exactOf(from, to, ["x01,x0a", "x02,x0b", "x0101,x0c", "x,x0d", "x01"], ["x01,x0a", "x0101,x0c", "x01"]);
}

async function exactOf(
  sender: PeerSocket,
  receiver: PeerSocket,
  sent: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const [got] = await Promise.all([receiver.receive(expected.length), sender.send(...sent)]);
  assert.deepEqual(got, expected.map(reportOf));
}

async function routed(dealer: PeerSocket, router: PeerSocket): Promise<void> {
  await asked(dealer, router, [...SMALL, "x01,x,x02"]);
  await dealer.send(text("who am I?"));
  assert.deepEqual(await router.receive(), [`${ROUTING_ID},${text("who am I?")}`]);
  await router.send(`${ROUTING_ID},x,${text("you are wi")}`);
  assert.deepEqual(await dealer.receive(), [`x,${text("you are wi")}`]);
}

/** What stays must find what was born again, as sender and as receiver. */
const rebirth =
  (mortal: Side) =>
  async (table: Table): Promise<void> => {
    const toMortal = await table.join(mortal === "a" ? "PULL" : "PUSH", mortal === "a" ? "PUSH" : "PULL");
    const fromMortal = await table.join(mortal === "a" ? "PUSH" : "PULL", mortal === "a" ? "PULL" : "PUSH");
    const talk = async (): Promise<void> => {
      for (const pair of [toMortal, fromMortal]) {
        const isSender = (pair === fromMortal) === (mortal === "a");
        await meet(isSender ? pair.a : pair.b, isSender ? pair.b : pair.a, "");
        await exact(isSender ? pair.a : pair.b, isSender ? pair.b : pair.a, SMALL);
      }
    };
    await talk();
    await toMortal.reborn(mortal);
    await fromMortal.place(mortal);
    await talk();
  };

const hexOf = (key: string): string => `x${Buffer.from(z85.decode(key)).toString("hex")}`;
/** The key pairs of libzmq's manual. */
const SERVER_PUBLIC = hexOf("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
const SERVER_SECRET = hexOf("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6");
const CLIENT_PUBLIC = hexOf("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
const CLIENT_SECRET = hexOf("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs");

/** Answers the next question with yes: the frames of RFC 27. */
async function letIn(doorkeeper: PeerSocket | undefined): Promise<void> {
  if (doorkeeper === undefined) return;
  await doorkeeper.receive();
  await doorkeeper.send([text("1.0"), text("1"), text("200"), "x", "x", "x"].join(","));
}

/** The binder is the server. A PLAIN server of libzmq's lets nobody in unless somebody answers its process's questions. */
const secured =
  (server: PeerOptions, client: PeerOptions) =>
  async (table: Table): Promise<void> => {
    const plain = server.plainServer === true;
    const [a, b] = table.binder === "a" ? [{ ...server, ...(plain ? { allowAll: true } : {}) }, client] : [client, server];
    const doorkeeper = plain && table.binder === "b" ? await table.doorkeeper("b") : undefined;
    const there = await table.join("REQ", "REP", a, b);
    await letIn(doorkeeper);
    await asked(there.a, there.b, [...SMALL, ...PARTS, frame(64 * KIB)]);
    const back = await table.join("DEALER", "REP", a, b);
    await letIn(doorkeeper);
    await asked(
      back.a,
      back.b,
      SMALL.map((each) => `x,${each}`),
    );
  };

/** All of them, in the order of the table's columns. */
export const CONVERSATIONS: readonly Conversation[] = [
  { title: "REQ, REP", hold: (table) => bothWays(table, "REQ", "REP", (from, to) => asked(from, to, SMALL)) },
  { title: "PUB, SUB", hold: (table) => bothWays(table, "PUB", "SUB", published) },
  { title: "PUSH, PULL", hold: (table) => bothWays(table, "PUSH", "PULL", (from, to) => exact(from, to, SMALL)) },
  {
    title: "DEALER, ROUTER",
    hold: async (table) => {
      const there = await table.join("DEALER", "ROUTER", { routingId: ROUTING_ID });
      await routed(there.a, there.b);
      const back = await table.join("ROUTER", "DEALER", {}, { routingId: ROUTING_ID });
      await routed(back.b, back.a);
    },
  },
  { title: "many frames", hold: (table) => bothWays(table, "PUSH", "PULL", (from, to) => exact(from, to, PARTS)) },
  {
    title: "0 B to 8 MiB",
    hold: (table) =>
      bothWays(table, "PUSH", "PULL", (from, to) =>
        exact(
          from,
          to,
          SIZES.map((size) => frame(size)),
        ),
      ),
  },
  { title: "they are killed", hold: rebirth("b") },
  { title: "we are killed", hold: rebirth("a") },
  {
    title: "CURVE",
    needs: "curve",
    hold: secured(
      { curveServer: true, curvePublicKey: SERVER_PUBLIC, curveSecretKey: SERVER_SECRET },
      { curveServerKey: SERVER_PUBLIC, curvePublicKey: CLIENT_PUBLIC, curveSecretKey: CLIENT_SECRET },
    ),
  },
  // The last: while the doorkeeper of their process closes, it would be asked by CURVE too.
  {
    title: "PLAIN",
    needs: "plain",
    hold: secured({ plainServer: true }, { plainUsername: text("user"), plainPassword: text("password") }),
  },
];
