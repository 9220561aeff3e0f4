// What runs in a page of the tests of `joinThreads`, and in its workers: this same file is the worker's script.
//
// A thread does what it is told: by the test, in the page, or by messages, in a worker. Sockets have names.

import {
  Dealer,
  joinThreads,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Subscriber,
  type ThreadEnd,
  ZmqError,
} from "zmtp/browser";

const TYPES = { Dealer, Pair, Publisher, Pull, Push, Reply, Request, Subscriber };
type AnySocket = Dealer & Subscriber & Publisher;

const sockets = new Map<string, AnySocket>();
const workers = new Map<string, { readonly worker: WorkerLike; readonly joined: Promise<void> }>();

interface WorkerLike extends ThreadEnd {
  terminate(): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}
declare const Worker: new (url: string, options: { readonly type: "module" }) => WorkerLike;

const socketOf = (name: string): AnySocket => sockets.get(name) as AnySocket;
const texts = (frames: readonly Uint8Array[]): string => frames.map((frame) => new TextDecoder().decode(frame)).join("|");
const codeOf = (error: unknown): string => (error instanceof ZmqError ? `${error.code}: ${error.message}` : String(error));

/** What a thread can be told. */
const deeds = {
  facts: (): { isolated: boolean } => ({
    isolated: (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true,
  }),

  open(name: string, type: keyof typeof TYPES, options: object = {}): void {
    sockets.set(name, new TYPES[type](options) as AnySocket);
  },
  async bind(name: string, endpoint: string): Promise<string> {
    return socketOf(name)
      .bind(endpoint)
      .then(() => "bound", codeOf);
  },
  unbind: (name: string, endpoint: string): Promise<void> => socketOf(name).unbind(endpoint),
  connect: (name: string, endpoint: string): void => socketOf(name).connect(endpoint),
  subscribe: (name: string, topic: string): void => socketOf(name).subscribe(topic),
  subscribed: (name: string, topic: string): Promise<unknown> => socketOf(name).subscribed(topic),
  close: (name: string): Promise<unknown> => socketOf(name).end(0),

  send: (name: string, ...frames: string[]): Promise<void> => socketOf(name).send(frames),
  receive: async (name: string): Promise<string> => texts(await socketOf(name).receive()),
  /** Without waiting, in a worker blocking. */
  receiveSync(name: string, timeout: number): string {
    try {
      return texts(socketOf(name).receiveSync({ timeout }));
    } catch (error) {
      return codeOf(error);
    }
  },
  /** Sends numbered messages, the last frame of `size` octets. */
  async sendMany(name: string, count: number, size: number): Promise<void> {
    const body = new Uint8Array(size).fill(7);
    for (let i = 0; i < count; i++) await socketOf(name).send([String(i), body]);
  },
  /** Receives numbered messages; how many came out of order or with wrong octets, and how many octets came. */
  async receiveMany(name: string, count: number): Promise<{ wrong: number; bytes: number }> {
    let wrong = 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const [number, body] = await socketOf(name).receive();
      if (texts([number]) !== String(i) || (body.length > 0 && (body[0] !== 7 || body.at(-1) !== 7))) wrong++;
      bytes += body.length;
    }
    return { wrong, bytes };
  },
  /** Answers for ever. */
  serve(name: string): void {
    const socket = socketOf(name);
    const loop = async (): Promise<void> => {
      for await (const frames of socket) await socket.send(["answer", ...frames]);
    };
    loop().catch((error) => console.error(error));
  },
  fill(name: string): number {
    let count = 0;
    while (count < 10_000 && socketOf(name).trySend(String(count))) count++;
    return count;
  },
  event: (name: string, type: "disconnect" | "bind:error"): Promise<string> =>
    new Promise((resolve) => socketOf(name).events.on(type, ({ error }) => resolve((error as ZmqError).reason))),

  // Workers -----------------------------------------------------------------------------------------------------------

  /** Starts a worker; without `join` it is not joined. */
  async start(name: string, join = true): Promise<void> {
    const worker = new Worker(import.meta.url, { type: "module" });
    workers.set(name, { worker, joined: join ? joinThreads(worker) : Promise.resolve() });
  },
  joined: async (name: string): Promise<void> => workers.get(name)?.joined,
  terminate: (name: string): void => workers.get(name)?.worker.terminate(),
  joinSelf: async (): Promise<string> => joinThreads(globalThis as unknown as ThreadEnd).then(() => "joined", codeOf),
  misuse(): string[] {
    const tries = [() => joinThreads(globalThis as unknown as ThreadEnd), () => joinThreads({} as ThreadEnd)];
    return tries.map((attempt) => {
      try {
        void attempt();
        return "nothing";
      } catch (error) {
        return codeOf(error);
      }
    });
  },

  /** Tells a worker of this thread what to do. */
  tell(name: string, deed: string, ...args: unknown[]): Promise<unknown> {
    const { worker } = workers.get(name) as { readonly worker: WorkerLike };
    const id = ++asked;
    return new Promise((resolve) => {
      answers.set(id, resolve);
      worker.onmessage ??= ({ data }) => {
        const { id: done, result } = data as Answer;
        answers.get(done)?.(result);
        answers.delete(done);
      };
      worker.postMessage({ id, deed, args } satisfies Order, []);
    });
  },
};

export type Deeds = typeof deeds;
interface Order {
  readonly id: number;
  readonly deed: string;
  readonly args: readonly unknown[];
}
interface Answer {
  readonly id: number;
  readonly result: unknown;
}

let asked = 0;
const answers = new Map<number, (result: unknown) => void>();

const scope = globalThis as unknown as ThreadEnd & { deeds: Deeds; WorkerGlobalScope?: unknown };
scope.deeds = deeds;
if (scope.WorkerGlobalScope !== undefined) {
  scope.addEventListener("message", ({ data }) => {
    const { id, deed, args } = data as Order;
    if (deed === undefined) return; // What `joinThreads` says before this worker has called it.
    const call = deeds[deed as keyof Deeds] as (...args: unknown[]) => unknown;
    void Promise.resolve(call(...args)).then((result) => scope.postMessage({ id, result } satisfies Answer, []));
  });
}
