/** PUSH to PULL with one `await` per message: between processes, and over inproc. */
import type { Pull } from "zmtp";
import { type Api, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, highWaterMark, Meter, report } from "../harness.ts";

const { endpoint, style, size, seconds } = commonSettings();

/** Reads in the style that the settings say, of those that both packages have. */
export async function measureAwaited(socket: Pick<Pull, "receive" | typeof Symbol.asyncIterator>, meter: Meter): Promise<void> {
  if (style === "for await") {
    for await (const [body] of socket) if (meter.count(body)) return;
  }
  for (;;) {
    const [body] = await socket.receive();
    if (meter.count(body)) return;
  }
}

export function throughput(zmq: Api): Roles {
  const push = async (): Promise<void> => {
    const socket = new zmq.Push({ sendHighWaterMark: highWaterMark(size) });
    socket.connect(endpoint);
    const make = bodies(size);
    for (;;) await socket.send(make());
  };

  const pull = async (): Promise<void> => {
    const socket = new zmq.Pull({ receiveHighWaterMark: highWaterMark(size) });
    await bindAndReport(socket);
    const meter = new Meter(seconds, size);
    await measureAwaited(socket, meter);
    report(meter.result);
    process.exit(0);
  };

  const inproc = async (): Promise<void> => {
    const receiver = new zmq.Pull({ receiveHighWaterMark: highWaterMark(size) });
    const sender = new zmq.Push({ sendHighWaterMark: highWaterMark(size) });
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

  return { push, pull, inproc };
}
