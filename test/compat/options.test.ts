// Every option property of every class, set to everything: the same values, errors and warnings as the original.
import { both, outcome, type Zeromq } from "./both.ts";

type AnySocket = InstanceType<Zeromq["Dealer"]>;
const TYPES = [
  ...(["Pair", "Publisher", "Subscriber", "Request", "Reply", "Dealer", "Router"] as const),
  ...(["Pull", "Push", "XPublisher", "XSubscriber", "Stream"] as const),
];
const VALUES: readonly unknown[] = [
  ...[0, 1, 2, 3, -1, -2, 10, 100, 255, 256, 1000, 65_535, 65_536, 6_553_599, 6_553_600, 1.5, -1.5, Number.NaN],
  ...[Number.POSITIVE_INFINITY, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 5, 2 ** 40, -(2 ** 31)],
  ...[true, false, null, undefined, "", "x", "10.0.0.0/8", "127.0.0.1", "x".repeat(255), "x".repeat(256)],
  ...[Buffer.from("bytes"), Buffer.alloc(0), {}, [], 5n],
];

/** Reading them is EINVAL or undefined in the original; here it gives the value. */
const NOT_READ = [
  ...["tcpAcceptFilter", "curvePublicKey", "curveSecretKey", "curveServerKey", "mandatory", "conflate", "noDrop", "manual"],
  ...["welcomeMessage", "verbosity", "correlate", "relaxed", "handover", "probeRouter", "notify"],
];
/** vmci is in none of the original's builds, where these options are EINVAL; here they are kept. */
const KEPT_HERE = ["vmciBufferSize", "vmciBufferMinSize", "vmciBufferMaxSize", "vmciConnectTimeout"];
/** Options of 64 bits: numbers that a double does not have exactly, and those that C++ leaves open, come back otherwise. */
const WIDE = ["affinity", "maxMessageSize"];
const UNUSUAL: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, -2, -1.5, -(2 ** 31)];

function optionsOf(zmq: Zeromq, type: (typeof TYPES)[number]): string[] {
  const names = new Set<string>();
  for (const { prototype } of [zmq[type], zmq.Socket] as { prototype: object }[]) {
    for (const [name, { set }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (set !== undefined) names.add(name);
  }
  return [...names].sort();
}

function trial(zmq: Zeromq, type: (typeof TYPES)[number], name: string, value: unknown, readable: boolean): string {
  const socket = new zmq[type]() as unknown as AnySocket & Record<string, unknown>;
  try {
    const assigned = outcome(() => {
      socket[name] = value;
    });
    return readable ? `${assigned}, then ${outcome(() => socket[name])}` : assigned;
  } finally {
    socket.close();
  }
}

for (const type of TYPES) {
  both(`${type}: options, whatever they are set to`, (zmq, log) => {
    zmq.context.maxSockets = 65_000; // The original frees closed sockets late.
    const names = optionsOf(zmq, type);
    log(names);
    for (const name of names) {
      if (KEPT_HERE.includes(name)) continue;
      for (const value of VALUES) {
        if (WIDE.includes(name) && UNUSUAL.includes(value)) continue;
        if (name === "typeOfService" && Number(value) > 255) continue; // An octet: the original takes any number.
        log(`${name} = ${String(value).slice(0, 20)}: ${trial(zmq, type, name, value, !NOT_READ.includes(name))}`);
      }
    }
  });
}
