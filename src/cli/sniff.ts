/**
 * `zmtp sniff`: explains what two ZMTP peers say to each other: live, as a relay between them, or from a pcap file.
 *
 * The relay passes every byte on unchanged.
 */
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Explainer } from "./explain.ts";
import { Failure, wrongUse } from "./failure.ts";
import { segmentsOf } from "./pcap.ts";
import { type Colour, paint } from "./terminal.ts";

/** A tcp endpoint, with or without its scheme. */
function place(text: string): { host: string; port: number } {
  const match = /^(?:tcp:\/\/)?(.+):(\d+|\*)$/.exec(text);
  if (match === null) throw wrongUse(`"${text}" is no tcp endpoint; it must be like tcp://127.0.0.1:5555`);
  const host = match[1].replace(/^\[|\]$/g, "");
  return { host: host === "*" ? "0.0.0.0" : host, port: match[2] === "*" ? 0 : Number(match[2]) };
}

function teller(number: number, arrow: ">" | "<"): (line: string) => void {
  const colour: Colour = arrow === ">" ? "green" : "yellow";
  return (line) => void process.stdout.write(`${number} ${paint(process.stdout, colour, arrow)} ${line}\n`);
}

/** Relays connections from one endpoint to another until it is interrupted, and explains them. `>` is what the dialling side says. */
export async function relay(listen: string, target: string, signal: AbortSignal): Promise<void> {
  const from = place(listen);
  const to = place(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const number = ++connections;
    const upstream = connect({ ...to, noDelay: true });
    process.stdout.write(`${number} - connection from ${client.remoteAddress}:${client.remotePort}\n`);
    pass(client, upstream, new Explainer(teller(number, ">")), sockets);
    pass(upstream, client, new Explainer(teller(number, "<")), sockets);
    upstream.on("error", (error) => process.stdout.write(`${number} - ${target} cannot be reached: ${error.message}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Failure(`Cannot listen at ${listen}: ${error.message}`)));
    server.listen(from.port, from.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  process.stderr.write(`listening at tcp://${address}:${port}, passing on to ${target}\n`);
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  });
}

function pass(from: Socket, to: Socket, explainer: Explainer, sockets: Set<Socket>): void {
  sockets.add(from);
  from.on("data", (chunk) => {
    explainer.receive(Buffer.from(chunk));
    if (!to.write(chunk)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  from.on("error", () => undefined); // Its close follows, and is told.
  from.on("end", () => to.end());
  from.on("close", () => {
    sockets.delete(from);
    explainer.end();
    to.destroySoon();
  });
}

/** Explains the conversations of a pcap file. */
export async function explainFile(path: string): Promise<void> {
  const file = await readFile(path).catch((error: Error) => {
    throw new Failure(`${path} cannot be read: ${error.message}`);
  });
  const numbers = new Map<string, number>();
  const explainers = new Map<string, Explainer>();
  for (const { from, to, bytes, ends } of segmentsOf(file)) {
    const known = numbers.get(`${from} ${to}`) ?? numbers.get(`${to} ${from}`);
    const number = known ?? numbers.size + 1;
    if (known === undefined) {
      numbers.set(`${from} ${to}`, number);
      process.stdout.write(`${number} - ${from} and ${to}\n`);
    }
    const key = `${from} ${to}`;
    let explainer = explainers.get(key);
    if (explainer === undefined) {
      explainer = new Explainer(teller(number, numbers.has(key) ? ">" : "<"));
      explainers.set(key, explainer);
    }
    if (bytes.length > 0) explainer.receive(Buffer.from(bytes));
    if (ends) explainer.end();
  }
}
