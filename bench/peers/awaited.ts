/**
 * Roles written once for both packages, ours and npm `zeromq`: one `await` per message, the only style that both have.
 * It is the same program with another import.
 *
 * Own styles (trySend, batches, drain) are in `ours/`.
 */
import type * as zmtp from "zmtp";
import { bodies, idleCpu, Meter, RoundTrips, report, settings } from "./harness.ts";

/** What the two packages have in common, as ours describes it. */
export type Api = Pick<
  typeof zmtp,
  "Dealer" | "Proxy" | "Publisher" | "Pull" | "Push" | "Reply" | "Request" | "Router" | "Subscriber"
>;

export type Roles = Readonly<Record<string, () => Promise<void>>>;

const { endpoint = "", style = "", size: sizeText = "10", seconds: secondsText = "1", count: countText = "1" } = settings();
const size = Number(sizeText);
const seconds = Number(secondsText);
const count = Number(countText);

/** Binds and reports the real endpoint. */
export async function bindAndReport(socket: zmtp.Socket): Promise<void> {
  await socket.bind(endpoint);
  report({ endpoint: socket.lastEndpoint as string });
}

/** Reads with the styles that both packages have. */
export async function measureAwaited(
  socket: Pick<zmtp.Pull, "receive" | typeof Symbol.asyncIterator>,
  meter: Meter,
): Promise<void> {
  if (style === "for await") {
    for await (const [body] of socket) if (meter.count(body)) return;
  }
  for (;;) {
    const [body] = await socket.receive();
    if (meter.count(body)) return;
  }
}

/** Round trips of a REQ or a DEALER, one at a time. */
async function oneAtATime(socket: zmtp.Request | zmtp.Dealer): Promise<void> {
  socket.connect(endpoint);
  const make = bodies(size);
  await socket.send(make());
  await socket.receive();
  const trips = new RoundTrips(seconds);
  do {
    trips.start();
    await socket.send(make());
    await socket.receive();
  } while (!trips.stop());
  report(trips.result);
}

async function echo(socket: zmtp.Dealer | zmtp.Reply | zmtp.Router): Promise<void> {
  for (;;) await socket.send(await socket.receive());
}

export function awaitedRoles(zmq: Api): Roles {
  const push = async (): Promise<void> => {
    const socket = new zmq.Push();
    socket.connect(endpoint);
    const make = bodies(size);
    for (;;) await socket.send(make());
  };

  const pull = async (): Promise<void> => {
    const socket = new zmq.Pull();
    await bindAndReport(socket);
    const meter = new Meter(seconds, size);
    await measureAwaited(socket, meter);
    report(meter.result);
  };

  const inproc = async (): Promise<void> => {
    const receiver = new zmq.Pull();
    const sender = new zmq.Push();
    await receiver.bind("inproc://bench");
    sender.connect("inproc://bench");
    const make = bodies(size);
    const meter = new Meter(seconds, size);
    let over = false;
    const send = async (): Promise<void> => {
      while (!over) await sender.send(make());
    };
    void send();
    await measureAwaited(receiver, meter);
    over = true;
    report(meter.result);
    process.exit(0);
  };

  const reply = async (): Promise<void> => {
    const socket = new zmq.Reply();
    await bindAndReport(socket);
    await echo(socket);
  };

  const router = async (): Promise<void> => {
    const socket = new zmq.Router();
    await bindAndReport(socket);
    await echo(socket);
  };

  /** What answers behind a proxy. */
  const worker = async (): Promise<void> => {
    const socket = new zmq.Dealer();
    socket.connect(endpoint);
    await echo(socket);
  };

  const request = (): Promise<void> => oneAtATime(new zmq.Request());
  const dealer = (): Promise<void> => oneAtATime(new zmq.Dealer());

  /** So many requests in flight, all the time. */
  const pipeline = async (): Promise<void> => {
    const socket = new zmq.Dealer();
    socket.connect(endpoint);
    const make = bodies(size);
    for (let i = 0; i < count; i++) await socket.send(make());
    const meter = new Meter(seconds, size);
    for (;;) {
      const [body] = await socket.receive();
      if (meter.count(body)) break;
      await socket.send(make());
    }
    report(meter.result);
  };

  const hub = async (): Promise<void> => {
    const socket = new zmq.Router();
    await bindAndReport(socket);
    for (let i = 0; i < count; i++) await socket.send(await socket.receive());
    report({ cpu: await idleCpu(seconds) });
  };

  const spokes = async (): Promise<void> => {
    const sockets = Array.from({ length: count }, () => new zmq.Dealer());
    for (const socket of sockets) {
      socket.connect(endpoint);
      await socket.send("hello");
    }
    for (const socket of sockets) await socket.receive();
    report({ cpu: await idleCpu(seconds) });
  };

  return { push, pull, inproc, reply, router, worker, request, dealer, pipeline, hub, spokes };
}
