/** What the child processes of the tour do: each role opens its sockets, and says what it counts and how it stops. */
import { Dealer, Pull, Push, Subscriber } from "zmtp";
import type { Counts } from "./flow.ts";
import { Ledger, stamp } from "./stamp.ts";

export interface Role {
  counts?(): Counts;
  /** Sends no more. */
  stop?(): void;
  close(): void;
}

/** Dealers keep so many requests under way. */
const WINDOW = 50;

/** Passes tasks on from the ventilator to the sink; breaks one of them if it is told to. */
async function worker(tasks: string, results: string, sabotage: string): Promise<Role> {
  const input = new Pull();
  const output = new Push();
  input.connect(tasks);
  output.connect(results);
  let count = 0;
  const breaks = (): boolean => sabotage !== "none" && ++count === 100;
  const work = async (): Promise<void> => {
    for await (const [task] of input) {
      if (breaks()) {
        if (sabotage === "lose") continue;
        task[task.length - 1] ^= 1;
      }
      await output.send(task);
    }
  };
  void work();
  return {
    close() {
      input.close();
      output.close();
    },
  };
}

async function subscriber(endpoint: string, topic: string): Promise<Role> {
  const socket = new Subscriber();
  socket.subscribe(topic);
  socket.connect(endpoint);
  const ledger = new Ledger(true);
  void socket.drain(([_topic, body]) => ledger.accept(body));
  return { counts: () => countsOf(ledger, 0), close: () => socket.close() };
}

/** A dealer with many requests under way, which come back as they are. */
async function dealer(endpoint: string): Promise<Role> {
  const socket = new Dealer();
  socket.connect(endpoint);
  const ledger = new Ledger(true);
  let sent = 0;
  let stopped = false;
  const next = (): void => {
    while (!stopped && sent - ledger.received < WINDOW && socket.trySend(stamp(sent))) sent++;
  };
  void socket.drain(([body]) => {
    ledger.accept(body);
    next();
  });
  await socket.connected();
  next();
  return {
    counts: () => countsOf(ledger, sent),
    stop() {
      stopped = true;
    },
    close: () => socket.close(),
  };
}

/** As `subscriber`, with libzmq, by npm `zeromq`. */
async function libzmqSubscriber(endpoint: string, topic: string): Promise<Role> {
  const zeromq = await import("zeromq");
  const socket = new zeromq.Subscriber();
  socket.subscribe(topic);
  socket.connect(endpoint);
  const ledger = new Ledger(true);
  const read = async (): Promise<void> => {
    for await (const [_topic, body] of socket) ledger.accept(body);
  };
  void read();
  return { counts: () => countsOf(ledger, 0), close: () => socket.close() };
}

async function libzmqReply(endpoint: string): Promise<Role> {
  const zeromq = await import("zeromq");
  const socket = new zeromq.Reply();
  socket.connect(endpoint);
  const serve = async (): Promise<void> => {
    for await (const frames of socket) await socket.send(frames);
  };
  void serve();
  return { close: () => socket.close() };
}

function countsOf({ received, lost, changed }: Ledger, sent: number): Counts {
  return { sent, received, lost, changed };
}

export const ROLES: Readonly<Record<string, (...args: string[]) => Promise<Role>>> = {
  worker,
  subscriber,
  dealer,
  "libzmq-subscriber": libzmqSubscriber,
  "libzmq-reply": libzmqReply,
};
