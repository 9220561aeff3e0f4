/** Requests and replies without a promise per message: DEALER and ROUTER that drain, with many in flight. */
import { Dealer, type Message, Router } from "zmtp";
import { bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, Meter, report } from "../harness.ts";

const { endpoint, size, seconds, count } = commonSettings();

/** Sends back what comes. With at most as many in flight as the high-water mark takes, there is always room. */
async function echo(socket: Dealer | Router): Promise<void> {
  await socket.drain((message: Message[]) => {
    if (!socket.trySend(message)) throw new Error("there was no room for a reply");
  });
}

async function drainRouter(): Promise<void> {
  const socket = new Router();
  await bindAndReport(socket);
  await echo(socket);
}

async function drainWorker(): Promise<void> {
  const socket = new Dealer();
  socket.connect(endpoint);
  await echo(socket);
}

async function drainPipeline(): Promise<void> {
  const socket = new Dealer();
  socket.connect(endpoint);
  const make = bodies(size);
  for (let i = 0; i < count; i++) await socket.send(make());
  const meter = new Meter(seconds, size);
  let over = false;
  await socket.drain(([body]: Message[]) => {
    if (over) return;
    if (!meter.count(body)) {
      if (!socket.trySend(make())) throw new Error("there was no room for a request");
      return;
    }
    over = true;
    report(meter.result);
    process.exit(0);
  });
}

export const requests: Roles = { "drain router": drainRouter, "drain worker": drainWorker, "drain pipeline": drainPipeline };
