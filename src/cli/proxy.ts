/**
 * `zmtp proxy`: a device between two endpoints, of any transports: a queue, a forwarder or a streamer.
 *
 * Owns its settings, from flags or a JSON file, its statistics, and the clean stop: on SIGINT and SIGTERM it passes nothing
 * more on and ends when what it holds is sent.
 */
import { readFile } from "node:fs/promises";
import * as zmtp from "../node.ts";
import type { SocketTypeName } from "../wire.ts";
import { seconds, wrongUse } from "./failure.ts";
import { makeSocket, shareFlags } from "./sockets.ts";

export interface ProxyFlags {
  readonly type?: string;
  readonly frontend?: readonly string[];
  readonly backend?: readonly string[];
  readonly capture?: string;
  readonly statistics?: string;
  readonly config?: string;
}

const DEVICES: Readonly<Record<string, readonly [front: SocketTypeName, back: SocketTypeName]>> = {
  queue: ["ROUTER", "DEALER"],
  forwarder: ["XSUB", "XPUB"],
  streamer: ["PULL", "PUSH"],
};
const KEYS: readonly string[] = ["type", "frontend", "backend", "capture", "statistics"];
/** How long the messages that it still holds may take when it is stopped. */
const STOP_MS = 2000;

/** Flags go before the file. */
async function settingsOf(flags: ProxyFlags): Promise<ProxyFlags> {
  if (flags.config === undefined) return flags;
  let file: unknown;
  try {
    file = JSON.parse(await readFile(flags.config, "utf8"));
  } catch (error) {
    throw wrongUse(`--config ${flags.config} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const settings = Object(file) as Record<string, unknown>;
  for (const key of Object.keys(settings))
    if (!KEYS.includes(key)) throw wrongUse(`--config ${flags.config} has "${key}"; it can have: ${KEYS.join(", ")}`);
  const list = (value: unknown): readonly string[] | undefined =>
    value === undefined ? undefined : (Array.isArray(value) ? value : [value]).map(String);
  const { type, frontend, backend, capture, statistics } = settings;
  return {
    ...(type === undefined ? {} : { type: String(type) }),
    ...(capture === undefined ? {} : { capture: String(capture) }),
    ...(statistics === undefined ? {} : { statistics: String(statistics) }),
    frontend: list(frontend) ?? [],
    backend: list(backend) ?? [],
    ...flags,
  };
}

/** Runs `zmtp proxy` until it is interrupted. */
export async function proxy(flags: ProxyFlags & Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const { type = "queue", frontend = [], backend = [], capture, statistics } = await settingsOf(flags);
  if (!Object.hasOwn(DEVICES, type)) throw wrongUse(`--type must be one of ${Object.keys(DEVICES).join(", ")}, got "${type}"`);
  if (frontend.length === 0 || backend.length === 0)
    throw wrongUse(
      "A proxy needs --frontend ENDPOINT and --backend ENDPOINT; one that begins with > is connected, others are bound",
    );
  const shared = shareFlags(DEVICES[type], flags);
  const [front, back] = DEVICES[type].map((each, i) => makeSocket(each, shared[i])) as [zmtp.Router, zmtp.Dealer];
  const copies = capture === undefined ? undefined : new zmtp.Publisher();
  await attachAll("front-end", front, frontend);
  await attachAll("back-end", back, backend);
  if (copies !== undefined && capture !== undefined) await attachAll("capture", copies, [capture]);
  const device = new zmtp.Proxy(front, back, copies === undefined ? {} : { capture: copies });
  const report = (): void => void process.stderr.write(`${line(device.statistics())}\n`);
  const timer = statistics === undefined ? undefined : setInterval(report, seconds(statistics, "--statistics"));
  const running = device.run();
  const stop = (): void => {
    clearInterval(timer);
    device.terminate();
  };
  signal.addEventListener("abort", stop);
  await running;
  await Promise.all([front.end(STOP_MS), back.end(STOP_MS), copies?.end(STOP_MS)]);
  if (statistics !== undefined) report();
}

/** `>` before an endpoint connects, `@` or nothing binds. */
async function attachAll(name: string, socket: zmtp.Socket, endpoints: readonly string[]): Promise<void> {
  for (const each of endpoints) {
    const endpoint = each.replace(/^[@>]/, "");
    if (each.startsWith(">")) socket.connect(endpoint);
    else await socket.bind(endpoint);
    process.stderr.write(`${name}: ${each.startsWith(">") ? "connected to" : "bound to"} ${socket.lastEndpoint ?? endpoint}\n`);
  }
}

function line({ frontEnd, backEnd }: ReturnType<zmtp.Proxy["statistics"]>): string {
  const side = (name: string, { messagesReceived, bytesReceived, messagesSent, bytesSent }: typeof frontEnd): string =>
    `${name} in ${messagesReceived} (${bytesReceived} B) out ${messagesSent} (${bytesSent} B)`;
  return `${side("front-end", frontEnd)}, ${side("back-end", backEnd)}`;
}
