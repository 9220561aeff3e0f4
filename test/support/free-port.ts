/**
 * A port that nobody listens at, nor will until the caller does.
 *
 * Not one that the system chooses: it gives those out again at once, to a listener of another test, or to a dial as its own end, which then reaches itself. Taken from below what systems
 * choose from (32768 and up on Linux, 49152 elsewhere), and kept from other processes by a UDP socket on it for as long as this one lives.
 */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const FIRST = 20_000;
const COUNT = 12_000;

let next = Math.floor(Math.random() * COUNT);

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if ((await claims(port)) && (await nobodyListens(port))) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free`);
}

function claims(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  socket.unref();
  return new Promise((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
}

function nobodyListens(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
