/**
 * A port of TCP and UDP that nobody listens at, nor will until the caller does.
 *
 * Not one that the system chooses: it gives those out again at once, to a listener of another test, or to a dial as its own end. Taken from below what systems choose from (32768 and up on
 * Linux, 49152 elsewhere), in blocks, each kept from other processes by a UDP socket on its first port for as long as this one lives.
 */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const FIRST = 20_000;
const BLOCKS = 240;
const BLOCK = 50;

/** What is left of the block at hand. */
let next = 0;
let left = 0;
let claiming: Promise<void> | null = null;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCKS * BLOCK; tries++) {
    while (left === 0) {
      claiming ??= claimBlock();
      await claiming;
    }
    const port = next;
    next++;
    left--;
    if (await nobodyListens(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + BLOCKS * BLOCK - 1} is free`);
}

async function claimBlock(): Promise<void> {
  const from = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const first = FIRST + ((from + i) % BLOCKS) * BLOCK;
    if (!(await claims(first))) continue;
    next = first + 1;
    left = BLOCK - 1;
    claiming = null;
    return;
  }
  throw new Error(`all ${BLOCKS} blocks of ports from ${FIRST} on are taken`);
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
