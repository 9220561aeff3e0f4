/**
 * The peers of the bench written with npm `zeromq`, the addon over libzmq. The same roles as `ours.ts`, with what that
 * package offers.
 */
import { Dealer, Pull, Push, Reply, Request, Router } from "zeromq";
import { endWithParent, idleCpu, Meter, RoundTrips, report, settings } from "./harness.ts";

const { role, endpoint = "", style = "", size = "10", seconds = "1", count = "1" } = settings();

async function push(): Promise<void> {
  const socket = new Push();
  socket.connect(endpoint);
  const body = Buffer.alloc(Number(size), "x");
  for (;;) await socket.send(body);
}

async function pull(): Promise<void> {
  const socket = new Pull();
  await socket.bind(endpoint);
  report({ endpoint: socket.lastEndpoint as string });
  const meter = new Meter(Number(seconds), Number(size));
  await measure(socket, meter);
  report(meter.result);
}

async function measure(socket: Pull, meter: Meter): Promise<void> {
  if (style === "for await") {
    for await (const [body] of socket) if (meter.count(body.length)) return;
  }
  for (;;) {
    const [body] = await socket.receive();
    if (meter.count(body.length)) return;
  }
}

async function inproc(): Promise<void> {
  const receiver = new Pull();
  const sender = new Push();
  await receiver.bind("inproc://bench");
  sender.connect("inproc://bench");
  const body = Buffer.alloc(Number(size), "x");
  const meter = new Meter(Number(seconds), Number(size));
  let over = false;
  const send = async (): Promise<void> => {
    while (!over) await sender.send(body);
  };
  void send();
  await measure(receiver, meter);
  over = true;
  report(meter.result);
}

async function reply(): Promise<void> {
  const socket = new Reply();
  await socket.bind(endpoint);
  report({ endpoint: socket.lastEndpoint as string });
  for (;;) await socket.send(await socket.receive());
}

async function request(): Promise<void> {
  const socket = new Request();
  socket.connect(endpoint);
  const body = Buffer.alloc(Number(size), "x");
  await socket.send(body);
  await socket.receive();
  const trips = new RoundTrips(Number(seconds));
  do {
    trips.start();
    await socket.send(body);
    await socket.receive();
  } while (!trips.stop());
  report(trips.result);
}

async function hub(): Promise<void> {
  const socket = new Router();
  await socket.bind(endpoint);
  report({ endpoint: socket.lastEndpoint as string });
  for (let i = 0; i < Number(count); i++) await socket.send(await socket.receive());
  report({ cpu: await idleCpu(Number(seconds)) });
}

async function spokes(): Promise<void> {
  const sockets = Array.from({ length: Number(count) }, () => new Dealer());
  for (const socket of sockets) {
    socket.connect(endpoint);
    await socket.send("hello");
  }
  for (const socket of sockets) await socket.receive();
  report({ cpu: await idleCpu(Number(seconds)) });
}

const roles: Readonly<Record<string, () => Promise<void>>> = { push, pull, inproc, reply, request, hub, spokes };
endWithParent();
void roles[role]();
