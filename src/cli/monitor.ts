/** `zmtp monitor`: a socket of any type that does nothing but tell its events as they happen. */
import * as zmtp from "../node.ts";
import type { SocketTypeName } from "../wire.ts";
import { wholeNumber } from "./failure.ts";
import { attach, makeSocket } from "./sockets.ts";
import { type Colour, paint } from "./terminal.ts";

export interface MonitorFlags {
  readonly bind?: readonly string[];
  readonly connect?: readonly string[];
  readonly json?: boolean;
  readonly count?: string;
  readonly subscribe?: readonly string[];
}

/** Prints events until it is interrupted, or so many were printed. */
export async function monitor(type: SocketTypeName, flags: MonitorFlags, signal: AbortSignal): Promise<void> {
  const count = flags.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber(flags.count, "--count", 1);
  const socket = makeSocket(type, flags as Record<string, unknown>);
  const { events } = socket;
  signal.addEventListener("abort", () => void socket.end(0));
  try {
    await attach(socket, flags, () => undefined);
    if (socket instanceof zmtp.Subscriber) socket.subscribe(...(flags.subscribe ?? [""]));
    let printed = 0;
    for await (const event of events) {
      process.stdout.write(`${flags.json ? JSON.stringify(plain(event)) : text(event)}\n`);
      if (++printed >= count) break;
    }
  } finally {
    await socket.end(0);
  }
}

/** The event without objects of the library. */
function plain(event: zmtp.Event): Record<string, unknown> {
  const { type, ...rest } = event;
  const fields: Record<string, unknown> = { time: new Date().toISOString(), type };
  for (const [name, value] of Object.entries(rest)) {
    if (value instanceof zmtp.ZmqError) fields.error = { code: value.code, reason: value.reason, message: value.message };
    else if (name === "peer") fields.peer = described(value as zmtp.Peer);
    else fields[name] = value;
  }
  return fields;
}

function described({ address, socketType, version, routingId }: zmtp.Peer & { readonly version?: unknown }): object {
  return { address, socketType, version, routingId: Buffer.from(routingId ?? []).toString("latin1") };
}

function text(event: zmtp.Event): string {
  const { type, error, peer, reason, address, interval, count } = plain(event) as {
    type: string;
    error?: { message: string };
    peer?: { address: string; socketType: string };
    reason?: string;
    address?: string;
    interval?: number;
    count?: number;
  };
  const colour: Colour =
    type.includes("error") || type === "drop" || type === "gap" ? "red" : type === "handshake" ? "green" : "cyan";
  const details = [
    address,
    peer === undefined ? undefined : `peer ${peer.address}${peer.socketType ? ` (${peer.socketType})` : ""}`,
    interval === undefined ? undefined : `again in ${interval} ms`,
    count === undefined ? undefined : `${count} lost`,
    reason,
    error?.message,
  ];
  const time = new Date().toISOString().slice(11, 23);
  return [
    paint(process.stdout, "dim", time),
    paint(process.stdout, colour, type),
    ...details.filter((each) => each !== undefined),
  ].join(" ");
}
