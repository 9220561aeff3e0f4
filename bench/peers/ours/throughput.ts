/** PUSH to PULL in every style: between processes, and over inproc in one thread. */
import { type Message, Pull, Push } from "zmtp";
import { bindAndReport, commonSettings, type Roles, sendAll } from "../api.ts";
import { measureAwaited } from "../awaited/throughput.ts";
import { curveOptions } from "../curve-keys.ts";
import { bodies, highWaterMark, Meter, report } from "../harness.ts";

const { endpoint, style, size, seconds } = commonSettings();

async function push(): Promise<void> {
  const socket = new Push({ sendHighWaterMark: highWaterMark(size), ...curveOptions("client") });
  socket.connect(endpoint);
  await sendAll(socket, bodies(size));
}

async function measure(socket: Pull, meter: Meter): Promise<void> {
  if (style === "batches()") {
    for await (const batch of socket.batches()) {
      for (const [body] of batch) if (meter.count(body)) return;
    }
  }
  if (style !== "drain()") return measureAwaited(socket, meter);
  await new Promise<void>((resolve) => {
    const onMessage = ([body]: Message[]): void => {
      if (meter.count(body)) resolve();
    };
    void socket.drain(onMessage);
  });
}

async function pull(): Promise<void> {
  const socket = new Pull({ receiveHighWaterMark: highWaterMark(size), ...curveOptions("server") });
  await bindAndReport(socket);
  const meter = new Meter(seconds, size);
  await measure(socket, meter);
  report(meter.result);
  process.exit(0);
}

/** Both ends in one thread: sends until the socket is full, then the other end reads. */
async function inproc(): Promise<void> {
  const receiver = new Pull({ receiveHighWaterMark: highWaterMark(size) });
  const sender = new Push({ sendHighWaterMark: highWaterMark(size) });
  await receiver.bind("inproc://bench");
  sender.connect("inproc://bench");
  const meter = new Meter(seconds, size);
  let over = false;
  void sendAll(sender, bodies(size), () => over);
  await measure(receiver, meter);
  over = true;
  report(meter.result);
  process.exit(0);
}

export const throughput: Roles = { push, pull, inproc };
