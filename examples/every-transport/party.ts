/**
 * One side of a device: the senders at its front end, or the receivers at its back end. `Parties` keeps those that live in
 * one place, a thread or a process.
 *
 *     streamer    PUSH ×3 ──▶ device ──▶ PULL ×3     every message comes to one of the receivers
 *     forwarder   PUB  ×3 ──▶ device ──▶ SUB  ×3     every message comes to each of them
 *     queue     DEALER ×3 ◀─▶ device ◀─▶ REP  ×3     every request comes back to who asked
 *
 * Every message is stamped with a number and a checksum, which the side that reads checks.
 */
import { Dealer, Publisher, Pull, Push, Reply, Subscriber } from "zmtp";
import { Ledger, stamp } from "../tour/stamp.ts";

export const MEMBERS = 3;
const QUIET_MS = 2000;

export type DeviceName = "queue" | "forwarder" | "streamer";
export type Sabotage = "none" | "change" | "lose";
type Options = ConstructorParameters<typeof Dealer>[0] & ConstructorParameters<typeof Publisher>[0];

export interface Job {
  readonly id: number;
  readonly device: DeviceName;
  readonly side: "front" | "back";
  readonly endpoint: string;
  /** Of all its sockets: keys, multicast. */
  readonly options: Options;
  /** That each sender sends. */
  readonly messages: number;
  readonly sabotage: Sabotage;
}

export interface Tally {
  readonly received: number;
  readonly lost: number;
  readonly changed: number;
}

/** What a place can do; all of it works from a distance too. */
export interface Desk {
  /** Resolves when all sockets are connected or, over multicast, hear the group. */
  open(job: Job): Promise<void>;
  /** Sends, or receives until all has come or nothing comes any more. */
  run(id: number): Promise<Tally>;
  close(id: number): Promise<void>;
}

type Party = { run(): Promise<Tally>; close(): void };
type Reader = AsyncIterable<readonly Uint8Array[]>;

const NOTHING: Tally = { received: 0, lost: 0, changed: 0 };

export class Parties implements Desk {
  readonly #parties = new Map<number, Party>();

  async open(job: Job): Promise<void> {
    this.#parties.set(job.id, await START[`${job.device} ${job.side}`](job));
  }

  run(id: number): Promise<Tally> {
    return (this.#parties.get(id) as Party).run();
  }

  async close(id: number): Promise<void> {
    this.#parties.get(id)?.close();
    this.#parties.delete(id);
  }
}

const START: Readonly<Record<string, (job: Job) => Promise<Party>>> = {
  "streamer front": async (job) => sending(await many(job, () => new Push(job.options)), job),
  "streamer back": async (job) => {
    const pulls = await many(job, () => new Pull(job.options));
    const check = new Check([new Ledger(false)], MEMBERS * job.messages);
    for (const pull of pulls) check.read(pull, 0);
    return { run: () => check.done(), close: () => closeAll(pulls) };
  },
  "forwarder front": async (job) => {
    const publishers = await many(job, () => new Publisher({ ...job.options, noDrop: true }));
    return sending(publishers, job, (publisher) => publisher.subscribed(""));
  },
  "forwarder back": async (job) => {
    const subscribers = await many(job, () => {
      const subscriber = new Subscriber(job.options);
      subscriber.subscribe();
      return subscriber;
    });
    const check = new Check(ledgers(), MEMBERS * job.messages);
    for (const [i, subscriber] of subscribers.entries()) check.read(subscriber, i);
    return { run: () => check.done(), close: () => closeAll(subscribers) };
  },
  "queue front": async (job) => {
    const dealers = await many(job, () => new Dealer(job.options));
    const check = new Check(ledgers(), job.messages);
    for (const [i, dealer] of dealers.entries()) check.read(dealer, i);
    const run = async (): Promise<Tally> => {
      const answers = check.done();
      await Promise.all(dealers.map((dealer) => send(job, 0, (body) => dealer.send(["", body]))));
      return answers;
    };
    return { run, close: () => closeAll(dealers) };
  },
  "queue back": async (job) => {
    const replies = await many(job, () => new Reply(job.options));
    const answering = Promise.all(replies.map(answer));
    return {
      run: async () => NOTHING,
      close: () => {
        closeAll(replies);
        void answering;
      },
    };
  },
};

interface Joins {
  bind(endpoint: string): Promise<void>;
  connect(endpoint: string): void;
  close(): void;
}

async function many<S extends Joins>({ endpoint }: Job, make: () => S): Promise<S[]> {
  const sockets = Array.from({ length: MEMBERS }, make);
  // In a multicast group bind and connect are the same, but bind says when the group is heard.
  const group = endpoint.startsWith("epgm:");
  await Promise.all(sockets.map((socket) => (group ? socket.bind(endpoint) : socket.connect(endpoint))));
  return sockets;
}

function closeAll(sockets: readonly Joins[]): void {
  for (const socket of sockets) socket.close();
}

async function answer(reply: Reply): Promise<void> {
  for await (const request of reply) await reply.send(request);
}

type Sender = Joins & { send(body: Uint8Array): Promise<void> };

function sending<S extends Sender>(sockets: readonly S[], job: Job, ready?: (socket: S) => Promise<void>): Party {
  const run = async (): Promise<Tally> => {
    await Promise.all(sockets.map((socket) => ready?.(socket)));
    await Promise.all(sockets.map((socket, i) => send(job, i * job.messages, (body) => socket.send(body))));
    return NOTHING;
  };
  return { run, close: () => closeAll(sockets) };
}

async function send({ messages, sabotage }: Job, from: number, give: (body: Uint8Array) => Promise<void>): Promise<void> {
  for (let sequence = from; sequence < from + messages; sequence++) {
    const body = stamp(sequence);
    if (sequence === 7 && sabotage === "lose") continue;
    if (sequence === 7 && sabotage === "change") body[body.length - 1] ^= 1;
    await give(body);
  }
}

function ledgers(): Ledger[] {
  return Array.from({ length: MEMBERS }, () => new Ledger(false));
}

/** Reads sockets into ledgers, each of which shall get `expected` messages. */
class Check {
  readonly #ledgers: readonly Ledger[];
  readonly #expected: number;
  #count = 0;
  #finish: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  readonly #over: Promise<void>;

  constructor(ledgers: readonly Ledger[], expected: number) {
    this.#ledgers = ledgers;
    this.#expected = expected;
    this.#over = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  /** Reads until the socket is closed. */
  read(socket: Reader, ledger: number): void {
    this.#read(socket, this.#ledgers[ledger]).catch(this.#fail);
  }

  async #read(socket: Reader, ledger: Ledger): Promise<void> {
    for await (const message of socket) {
      const body = message[message.length - 1]; // A reply has an empty frame before it.
      ledger.accept(Buffer.from(body.buffer, body.byteOffset, body.length));
      this.#count++;
      if (this.#count === this.#expected * this.#ledgers.length) this.#finish();
    }
  }

  /** Resolves when all has come, or nothing came for a while. */
  async done(): Promise<Tally> {
    let before = -1;
    const timer = setInterval(() => {
      if (this.#count === before) this.#finish();
      before = this.#count;
    }, QUIET_MS);
    await this.#over.finally(() => clearInterval(timer));
    const sum = (of: (ledger: Ledger) => number): number => this.#ledgers.reduce((total, ledger) => total + of(ledger), 0);
    const received = sum((ledger) => ledger.received);
    const lost = this.#expected * this.#ledgers.length - received;
    return { received, lost, changed: sum((ledger) => ledger.changed) };
  }
}
