/**
 * The peers of the part `ws` that are not ours: the bare `ws` package, which sends the same bytes in as many WebSocket
 * messages, and `jszmq`. Roles: push (connects) and pull (listens), chosen by the argument `role`.
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { Meter, obeyParent, report, settings } from "./harness.ts";

const { role, library, endpoint = "", size = "10", seconds = "1" } = settings();

/** More than this is not buffered by a sender, or its memory would be what is measured. */
const BUFFER_BYTES = 1024 * 1024;

function wsPush(): void {
  const socket = new WebSocket(endpoint, { perMessageDeflate: false });
  // A frame of ZeroMQ is a flags octet and the body.
  const message = Buffer.alloc(Number(size) + 1, "x");
  const fill = (): void => {
    while (socket.bufferedAmount < BUFFER_BYTES) socket.send(message, { binary: true });
    socket.send(message, { binary: true }, fill);
  };
  socket.on("open", fill);
}

async function wsPull(): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise((resolve) => server.once("listening", resolve));
  report({ endpoint: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const meter = new Meter(Number(seconds), Number(size));
  server.on("connection", (socket) => {
    socket.on("message", (message: Buffer) => {
      if (!meter.count(message.subarray(1))) return;
      report(meter.result);
      socket.terminate();
    });
  });
}

interface JszmqSocket {
  connect(endpoint: string): void;
  bindSync(endpoint: string, server: object): void;
  send(body: Buffer): void;
  on(event: "message", listener: (body: Buffer) => void): unknown;
}

function jszmq(type: "Push" | "Pull"): JszmqSocket {
  const classes = createRequire(import.meta.url)("jszmq") as Record<string, new () => JszmqSocket>;
  return new classes[type]();
}

/** jszmq does not say when it is full: it sends as much in a turn as the reader is likely to take. */
const BURST_BYTES = 65536;

function jszmqPush(): void {
  const socket = jszmq("Push");
  socket.connect(endpoint);
  const body = Buffer.alloc(Number(size), "x");
  const burst = Math.max(1, Math.floor(BURST_BYTES / body.length));
  const fill = (): void => {
    for (let i = 0; i < burst; i++) socket.send(body);
    setImmediate(fill);
  };
  fill();
}

async function jszmqPull(): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const place = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const socket = jszmq("Pull");
  socket.bindSync(place, server);
  report({ endpoint: place });
  const meter = new Meter(Number(seconds), Number(size));
  let over = false;
  socket.on("message", (body) => {
    if (over || !meter.count(body)) return;
    over = true;
    report(meter.result);
  });
}

const roles: Readonly<Record<string, () => void | Promise<void>>> = {
  "ws push": wsPush,
  "ws pull": wsPull,
  "jszmq push": jszmqPush,
  "jszmq pull": jszmqPull,
};
obeyParent();
void roles[`${library} ${role}`]();
