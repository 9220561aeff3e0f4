// epgm with libzmq built on OpenPGM (Debian's), each side sending, between hosts made of network namespaces: 10^5 messages of 1 octet to 64 KiB, some of
// them of three frames, over a wire that loses, repeats, delays and reorders. What arrives must be in order, whole, once and complete.

import { spawnSync } from "node:child_process";
import { describe, it, type TestContext } from "node:test";
import { type Host, Network, noNamespaces } from "../support/namespaces.ts";
import { compiled, libzmqC, program } from "../support/peers.ts";
import { Program } from "../support/program.ts";
import { printSeed, seed } from "../support/seed.ts";

const RATE = 200_000;
const RECOVERY_MS = 1000;
const COUNT = 100_000;
const DEADLINE = { timeout: 60_000 };

function missingPgm(): string | false {
  if (noNamespaces || libzmqC.missing) return noNamespaces || libzmqC.missing;
  // The same library, asked by itself.
  const script = "import ctypes; raise SystemExit(1 - ctypes.CDLL('libzmq.so.5').zmq_has(b'pgm'))";
  return spawnSync("/usr/bin/python3", ["-c", script]).status === 0 ? false : "not checked: this libzmq is built without OpenPGM";
}

const skip = missingPgm();

type Who = "ours" | "libzmq";
const IPV4 = "239.192.7.1:5559";
const IPV6 = "[ff08::7:1]:5559";

/** What a test has started, undone from the last to the first. */
class Scene {
  #undo: (() => unknown)[] = [];

  static in(t: TestContext): Scene {
    const scene = new Scene();
    t.after(async () => {
      for (let undo = scene.#undo.pop(); undo !== undefined; undo = scene.#undo.pop()) await undo();
    });
    return scene;
  }

  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }
}

/** OpenPGM does not find an interface by its name when it has several addresses. */
function start(scene: Scene, host: Host, who: Who, role: "pub" | "sub", count: number, group: string): Program {
  const command = who === "ours" ? [process.execPath, program("multicast.js")] : [compiled(program("multicast.c"))];
  const endpoint = who === "ours" ? `epgm://eth0;${group}` : `epgm://${group === IPV6 ? host.ipv6 : host.ipv4};${group}`;
  const started = new Program([...host.command(...command), role, endpoint, String(count), String(RATE), String(RECOVERY_MS)], {
    ...process.env,
    ZMTP_COUNTERS: "1",
  });
  scene.defer(() => started.kill());
  return started;
}

interface Weather {
  readonly lost: number;
  /** The hosts, by number, whose way to the others is bad; all if absent. */
  readonly bad?: string;
}

function hosts(scene: Scene, count: number, weather: Weather | null): readonly Host[] {
  const network = Network.make(count, weather === null);
  scene.defer(() => network.remove());
  if (weather === null) return network.hosts;
  const { lost, bad = "12345678" } = weather;
  const ports = network.hosts.map((_, i) => `h${i + 1}`);
  const words = [lost, lost, 2 * lost, lost > 0 ? 10 : 0, seed, bad].map(String);
  const relay = new Program(["ip", "netns", "exec", network.hub, compiled(program("relay.c")), ...words, ...ports]);
  scene.defer(() => relay.kill());
  return network.hosts;
}

/** One sends, the others receive everything. */
async function run(
  scene: Scene,
  network: readonly Host[],
  sender: Who,
  receivers: readonly Who[],
  count: number,
  group = IPV4,
): Promise<void> {
  const subs = receivers.map((who, i) => start(scene, network[i + 1], who, "sub", count, group));
  for (const sub of subs) await sub.expect("ready");
  const pub = start(scene, network[0], sender, "pub", count, group);
  await pub.expect("ready");
  for (const sub of subs) await sub.expect("heard");
  pub.say("go");
  try {
    await Promise.all(subs.map((sub) => sub.expect("done")));
  } catch (error) {
    throw new Error(`${String(error)}\nthe sender: ${pub.diagnostics}`);
  }
  await pub.finish();
}

describe("epgm with libzmq and OpenPGM, between hosts", { skip, concurrency: false }, () => {
  printSeed();

  for (const [sender, receiver] of [
    ["ours", "libzmq"],
    ["libzmq", "ours"],
    ["ours", "ours"],
  ] as const) {
    for (const lost of [0, 1, 5, 20]) {
      it(`${sender} to ${receiver}, ${lost} % lost, repeated, delayed and reordered`, DEADLINE, async (t) => {
        const scene = Scene.in(t);
        await run(scene, hosts(scene, 2, { lost }), sender, [receiver], lost === 0 || lost === 5 ? COUNT : COUNT / 5);
      });
    }
  }

  it("one of three receivers is far away: the others have everything, and so has it in the end", DEADLINE, async (t) => {
    const scene = Scene.in(t);
    await run(scene, hosts(scene, 4, { lost: 20, bad: "4" }), "ours", ["ours", "libzmq", "ours"], COUNT / 5);
  });

  it("without a relay, over the kernel's bridge, to three receivers", DEADLINE, async (t) => {
    const scene = Scene.in(t);
    await run(scene, hosts(scene, 4, null), "ours", ["ours", "libzmq", "ours"], COUNT);
  });

  it("IPv6: ours to ours, 5 % lost, repeated, delayed and reordered", DEADLINE, async (t) => {
    const scene = Scene.in(t);
    await run(scene, hosts(scene, 2, { lost: 5 }), "ours", ["ours"], COUNT / 5, IPV6);
  });

  for (const [sender, receiver] of [
    ["ours", "libzmq"],
    ["libzmq", "ours"],
  ] as const)
    it(`IPv6: ${sender} to ${receiver}`, DEADLINE, async (t) => {
      const scene = Scene.in(t);
      await run(scene, hosts(scene, 2, { lost: 5 }), sender, [receiver], COUNT / 5, IPV6);
    });
});
