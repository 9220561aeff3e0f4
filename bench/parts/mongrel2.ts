/**
 * Handlers for the Mongrel2 web server: this library's, one over pyzmq, one over npm `zeromq`. Once behind a stand-in that
 * gives out a recorded request as fast as it is taken, once behind Mongrel2 itself with fifty browsers.
 */
import { fileURLToPath } from "node:url";
import { Mongrel2, mongrel2Missing } from "../../test/support/mongrel2.ts";
import type { Command, Environment } from "../support/environment.ts";
import type { Case, Contestant, Metrics, Part } from "../support/part.ts";
import { type Report, withPeers } from "../support/peer-process.ts";

const BROWSERS = 50;
/** Requests that are not counted: compiling belongs to the start of a process, and a handler runs for long. */
const WARM_UP = { replayed: 100_000, real: 20_000 };
/** Debian's interpreter: one that comes first in PATH does not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

const peer = (name: string): string => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

interface HandlerKind extends Pick<Contestant, "implementation" | "style"> {
  readonly command: Command;
  readonly library: string;
}

const KINDS: readonly HandlerKind[] = [
  { implementation: "zmtp", style: "", library: "zmtp", command: { file: process.execPath, args: [peer("mongrel2.js")] } },
  { implementation: "libzmq", style: "(pyzmq)", library: "pyzmq", command: { file: PYTHON, args: [peer("mongrel2.py")] } },
  { implementation: "zeromq", style: "", library: "zeromq", command: { file: process.execPath, args: [peer("mongrel2.js")] } },
];

function metricsOf({ messages, seconds, cpu }: Report): Metrics {
  return { rate: Number(messages) / Number(seconds), cpu: (Number(cpu) / Number(messages)) * 1e6 };
}

async function replayed({ command, library }: HandlerKind, environment: Environment): Promise<Metrics> {
  return withPeers(async (start) => {
    const front = start(environment.command("libzmq", "mongrel2"), {});
    const { requests, replies } = await front.next();
    const handler = start(command, { library, requests, replies, seconds: environment.seconds, warmUp: WARM_UP.replayed });
    return metricsOf(await handler.next());
  });
}

async function real({ command, library }: HandlerKind, environment: Environment): Promise<Metrics> {
  if (mongrel2Missing !== false) throw new Error(mongrel2Missing);
  const site = await Mongrel2.start({ form: "json" });
  try {
    return await withPeers(async (start) => {
      const handler = start(command, { library, ...site.address, seconds: environment.seconds, warmUp: WARM_UP.real });
      start({ file: process.execPath, args: [peer("browsers.js")] }, { port: site.port, count: BROWSERS });
      return metricsOf(await handler.next());
    });
  } finally {
    await site.end();
  }
}

function caseOf(name: string, run: (kind: HandlerKind, environment: Environment) => Promise<Metrics>): Case {
  const contestants = KINDS.map((kind) => ({ ...kind, run: (environment: Environment) => run(kind, environment) }));
  return { name, contestants };
}

export const mongrel2: Part = {
  name: "mongrel2",
  title: "HTTP requests through handlers for Mongrel2, one handler process",
  metrics: [
    { name: "rate", unit: "msg/s", better: "higher" },
    { name: "cpu", unit: "µs", better: "lower" },
  ],
  cases: [caseOf("a replayed front end", replayed), caseOf("Mongrel2", real)],
  floors: [
    { case: "a replayed front end", contestant: "zmtp", metric: "rate", against: "libzmq (pyzmq)", least: 2 },
    { case: "a replayed front end", contestant: "zmtp", metric: "rate", against: "zeromq", least: 2 },
    { case: "Mongrel2", contestant: "zmtp", metric: "rate", against: "libzmq (pyzmq)", least: 0.95 },
    { case: "Mongrel2", contestant: "zmtp", metric: "rate", against: "zeromq", least: 0.95 },
    { case: "Mongrel2", contestant: "zmtp", metric: "cpu", against: "libzmq (pyzmq)", most: 1 },
  ],
};
