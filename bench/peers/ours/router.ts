/** A ROUTER that sends to many peers in turn, without a promise per message. */
import { Router } from "zmtp";
import { BURST, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, report, turn } from "../harness.ts";

const { size, count } = commonSettings();

async function route(): Promise<void> {
  const socket = new Router({ mandatory: true, backlog: 4096 });
  await bindAndReport(socket);
  const ids: Buffer[] = [];
  while (ids.length < count) ids.push((await socket.receive())[0]);
  report({ ready: 1 });
  const make = bodies(size);
  for (let i = 0, left = BURST; ; i = i + 1 === count ? 0 : i + 1) {
    const message = [ids[i], make()];
    if (!socket.trySend(message)) await socket.send(message);
    if (--left > 0) continue;
    left = BURST;
    await turn();
  }
}

export const router: Roles = { route };
