/**
 * A live page: one Node.js process serves it, publishes prices to it and answers its questions, all on one port.
 *
 *     GET /            the page, and the library for it
 *     ws  /prices      PUB: topic = symbol, then the price and the time
 *     ws  /history     REP: a symbol, answered with its last prices; "list", answered with what there is
 *
 * `npm run example:web`, then open the address that it prints. The first argument is the port, 8080 by default.
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Publisher, Reply } from "zmtp";
import { Market } from "./market.ts";

const TICK_MS = 250;

const page = readFileSync(new URL("./index.html", import.meta.url));
// The library is a few files beside each other; the page loads those that it needs.
const library = dirname(fileURLToPath(import.meta.resolve("zmtp/browser")));
const files = new Set(readdirSync(library).filter((name) => name.endsWith(".js")));

const server = createServer(({ url = "/" }, response) => {
  const file = url.slice("/zmtp/".length);
  const isLibrary = url.startsWith("/zmtp/") && files.has(file);
  response.writeHead(200, { "Content-Type": isLibrary ? "text/javascript" : "text/html; charset=utf-8" });
  response.end(isLibrary ? readFileSync(join(library, file)) : page);
});

const market = new Market();
const prices = new Publisher();
const history = new Reply();

async function answer(): Promise<void> {
  for await (const [question] of history) {
    const symbol = question.toString();
    await history.send(JSON.stringify(symbol === "list" ? market.listed : market.history(symbol)));
  }
}

async function publish(): Promise<void> {
  for (const { symbol, price, time } of market.next()) await prices.send([symbol, String(price), String(time)]);
}

async function main(): Promise<void> {
  await prices.bind("ws://*:*/prices", { server });
  await history.bind("ws://*:*/history", { server });
  server.listen(Number(process.argv[2] ?? 8080));
  await once(server, "listening");
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/`);
  // So that the first visitor sees more than a dot.
  for (let i = 0; i < 60; i++) market.next();
  setInterval(() => void publish(), TICK_MS);
  await answer();
}

void main();
