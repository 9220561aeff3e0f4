/**
 * CURVE: PUSH to PULL over tcp between two processes, with libsodium in WebAssembly and with `sodium-native`, beside
 * libzmq's CURVE; and how many handshakes a listener makes in a second.
 */
import type { Environment } from "../support/environment.ts";
import type { Case, Contestant, Floor, Implementation, Metrics, Part } from "../support/part.ts";
import { withPeers } from "../support/peer-process.ts";
import { sizeName } from "../support/statistics.ts";
import { METRICS, meterWith, metricsOf } from "./throughput.ts";

const SIZES = [10, 100, 1000, 10_000] as const;
/** Connections of a wave; npm `zeromq`, whose sockets are libzmq's, is left out of the handshakes. */
const CALLERS = 300;

type Crypto = "WebAssembly" | "sodium-native" | "";

function contestants(run: (environment: Environment, implementation: Implementation, crypto: Crypto) => Promise<Metrics>) {
  const make = (implementation: Implementation, style: Crypto): Contestant => ({
    implementation,
    style,
    run: (environment) => run(environment, implementation, style),
  });
  return [make("zmtp", "WebAssembly"), make("zmtp", "sodium-native"), make("libzmq", "")];
}

const curveOf = (crypto: Crypto): string => (crypto === "WebAssembly" ? "wasm" : "any");

function throughput(size: number): Case {
  return {
    name: sizeName(size),
    contestants: contestants((environment, implementation, crypto) =>
      withPeers(async (start) => {
        const command = environment.command(implementation, "throughput");
        const curve = curveOf(crypto);
        const { seconds } = environment;
        const settings = { role: "pull", endpoint: environment.endpoint("tcp"), style: "batches()", size, seconds, curve };
        const receiver = start(command, settings);
        const { endpoint } = await receiver.next();
        const sender = start(command, { role: "push", endpoint, size, curve });
        const [report, cpu] = await meterWith(receiver, [sender]);
        return metricsOf(report, size, cpu);
      }),
    ),
  };
}

const handshakes: Case = {
  name: "handshakes",
  contestants: contestants((environment, implementation, crypto) =>
    withPeers(async (start) => {
      const command = environment.command(implementation, "handshakes");
      const settings = { count: CALLERS, curve: curveOf(crypto) };
      const doorman = start(command, { role: "doorman", endpoint: environment.endpoint("tcp"), ...settings });
      const { endpoint } = await doorman.next();
      start(command, { role: "callers", endpoint, ...settings });
      return { rate: Number((await doorman.next()).rate) };
    }),
  ),
};

const floor = (name: string, crypto: Crypto, least: number): Floor => ({
  case: name,
  contestant: `zmtp ${crypto}`,
  metric: "rate",
  against: "libzmq",
  least,
});

export const security: Part = {
  name: "security",
  title: "CURVE over tcp, two processes; the rate of handshakes is connections per second",
  metrics: METRICS,
  cases: [...SIZES.map(throughput), handshakes],
  floors: [
    ...SIZES.map((size) => floor(sizeName(size), "WebAssembly", 0.5)),
    ...SIZES.map((size) => floor(sizeName(size), "sodium-native", size < 1000 ? 0.7 : 1)),
    floor("handshakes", "WebAssembly", 0.5),
    floor("handshakes", "sodium-native", 0.5),
  ],
};
