/** Requests and replies with one `await` per message: one at a time, many in flight, and what answers them. */
import type { Dealer, Reply, Request, Router } from "zmtp";
import { type Api, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, Meter, RoundTrips, report } from "../harness.ts";

const { endpoint, size, seconds, count } = commonSettings();

async function oneAtATime(socket: Request | Dealer): Promise<void> {
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

async function echo(socket: Dealer | Reply | Router): Promise<void> {
  for (;;) await socket.send(await socket.receive());
}

export function requests(zmq: Api): Roles {
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
    process.exit(0);
  };

  return { reply, router, worker, request, dealer, pipeline };
}
