/**
 * CURVE's handshakes: a doorman lets two waves of callers in and answers each; the clock runs over the second wave. A whole wave
 * fits into the listener's backlog: a caller that finds it full tries again after a second, and that would be measured.
 */
import { Dealer, Router } from "zmtp";
import { bindAndReport, commonSettings, type Roles } from "../api.ts";
import { curveOptions } from "../curve-keys.ts";
import { report } from "../harness.ts";

const { endpoint, count } = commonSettings();

async function doorman(): Promise<void> {
  const socket = new Router({ ...curveOptions("server"), backlog: 2 * Number(count) });
  await bindAndReport(socket);
  const wave = async (): Promise<number> => {
    let started = 0;
    for (let i = 0; i < count; i++) {
      const message = await socket.receive();
      if (i === 0) started = performance.now();
      await socket.send(message);
    }
    return (performance.now() - started) / 1000;
  };
  await wave();
  report({ rate: (count - 1) / (await wave()) });
}

async function callers(): Promise<void> {
  for (let wave = 0; wave < 2; wave++) {
    const sockets = Array.from({ length: count }, () => new Dealer(curveOptions("client")));
    for (const socket of sockets) {
      socket.connect(endpoint);
      await socket.send("hello");
    }
    for (const socket of sockets) await socket.receive();
    for (const socket of sockets) socket.close();
  }
}

export const handshakes: Roles = { doorman, callers };
