/**
 * The peers of the bench written with `zmtp`: one role per process, chosen by the argument `role`.
 *
 * Roles: push, pull (in four styles), inproc (both in one thread), request, reply, hub and spokes (idle connections).
 */
import { Dealer, type Message, Pull, Push, Reply, Request, Router } from "zmtp";
import { endWithParent, idleCpu, Meter, RoundTrips, report, settings } from "./harness.ts";

const { role, endpoint = "", style = "", size = "10", seconds = "1", count = "1" } = settings();

async function push(): Promise<void> {
  const socket = new Push();
  socket.connect(endpoint);
  const body = Buffer.alloc(Number(size), "x");
  for (;;) {
    while (socket.trySend(body)) {}
    await socket.send(body);
  }
}

async function pull(): Promise<void> {
  const socket = new Pull();
  await socket.bind(endpoint);
  report({ endpoint: socket.lastEndpoint as string });
  const meter = new Meter(Number(seconds), Number(size));
  await STYLES[style](socket, meter);
  report(meter.result);
}

const STYLES: Readonly<Record<string, (socket: Pull, meter: Meter) => Promise<void>>> = {
  async "await receive()"(socket, meter) {
    for (;;) {
      const [body] = await socket.receive();
      if (meter.count(body.length)) return;
    }
  },
  async "for await"(socket, meter) {
    for await (const [body] of socket) if (meter.count(body.length)) return;
  },
  async "batches()"(socket, meter) {
    for await (const batch of socket.batches()) {
      for (const [body] of batch) if (meter.count(body.length)) return;
    }
  },
  async "drain()"(socket, meter) {
    await new Promise<void>((resolve) => {
      const onMessage = ([body]: Message[]): void => {
        if (meter.count(body.length)) resolve();
      };
      void socket.drain(onMessage);
    });
  },
};

/** Both ends in one thread: sends until the socket is full, then drains. */
async function inproc(): Promise<void> {
  const receiver = new Pull();
  const sender = new Push();
  await receiver.bind("inproc://bench");
  sender.connect("inproc://bench");
  const body = Buffer.alloc(Number(size), "x");
  const meter = new Meter(Number(seconds), Number(size));
  let over = false;
  const send = async (): Promise<void> => {
    while (!over) {
      while (sender.trySend(body)) {}
      await sender.send(body);
    }
  };
  const drained = receiver.drain(([frame]) => {
    if (over || !meter.count(frame.length)) return;
    over = true;
    receiver.close();
  });
  void send();
  await drained;
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
