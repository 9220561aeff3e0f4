// udp with libzmq's draft of it: RADIO, DISH and DGRAM, each side sending, unicast on this machine, multicast and broadcast between namespaces.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { freePort } from "../support/free-port.ts";
import { Network, noNamespaces } from "../support/namespaces.ts";
import { receiveAll, sendAll } from "../support/ours.ts";
import { frame, reportOf, text } from "../support/pattern.ts";
import { Peer, type PeerSocket } from "../support/peer.ts";
import { libzmqDraft, ourselves } from "../support/peers.ts";
import { withPeer } from "../support/with-peer.ts";

const GROUPS = [text("TV"), text("g".repeat(127)), "x"];
const BODIES = [0, 1, 100, 1400, 8192 - 128].map((size) => frame(size));
const MESSAGES = GROUPS.flatMap((group) => BODIES.map((body) => `${group},${body}`));
const REPORTS = MESSAGES.map(reportOf);

withPeer(libzmqDraft, "udp with libzmq's draft", (test) => {
  test("our RADIO to their DISH", async (stage) => {
    const port = await freePort();
    const endpoint = `udp://127.0.0.1:${port}`;
    const dish = await stage.theirs("DISH");
    await dish.join(...GROUPS);
    await dish.bind(endpoint);
    await boundThere(port);
    const radio = stage.ours("RADIO");
    radio.connect(endpoint);
    const [got] = await Promise.all([dish.receive(MESSAGES.length), sendAll(radio, ...MESSAGES)]);
    assert.deepEqual(got, REPORTS);
  });

  test("their RADIO to our DISH", async (stage) => {
    const dish = stage.ours("DISH");
    dish.join(...GROUPS.map((group) => Buffer.from(group.slice(1), "hex")));
    await dish.bind("udp://127.0.0.1:*");
    const radio = await stage.theirs("RADIO");
    await radio.connect(dish.lastEndpoint as string);
    const [got] = await Promise.all([receiveAll(dish, MESSAGES.length), radio.send(...MESSAGES)]);
    assert.deepEqual(got, REPORTS);
  });

  test("our DGRAM asks theirs, which answers to the address that came", async (stage) => {
    const port = await freePort();
    const theirs = await stage.theirs("DGRAM");
    await theirs.bind(`udp://127.0.0.1:${port}`);
    await boundThere(port);
    const ours = stage.ours("DGRAM");
    await ours.bind("udp://127.0.0.1:*");
    const there = text(`127.0.0.1:${port}`);
    const echo = theirs.echo(BODIES.length);
    for (const body of BODIES) {
      await sendAll(ours, `${there},${body}`);
      assert.deepEqual(await receiveAll(ours), [`${there},${reportOf(body)}`]);
    }
    await echo;
  });

  test("their DGRAM asks ours", async (stage) => {
    const ours = stage.ours("DGRAM");
    await ours.bind("udp://127.0.0.1:*");
    const there = text((ours.lastEndpoint as string).slice("udp://".length));
    const theirs = await stage.theirs("DGRAM");
    const port = await freePort();
    await theirs.bind(`udp://127.0.0.1:${port}`);
    const answers = theirs.ask(...BODIES.map((body) => `${there},${body}`));
    for (const _ of BODIES) await ours.send(await ours.receive());
    // libzmq ends the address with a NUL.
    assert.deepEqual(
      await answers,
      BODIES.map((body) => `${there}00,${reportOf(body)}`),
    );
  });
});

/** libzmq binds its UDP sockets in the background. We look at the system's table: a bind of our own, to try, could keep libzmq from its. */
async function boundThere(port: number): Promise<void> {
  const entry = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (
    const until = performance.now() + 5000;
    performance.now() < until;
    await new Promise((resolve) => setTimeout(resolve, 1))
  ) {
    if (readFileSync("/proc/net/udp", "latin1").includes(entry)) return;
  }
  throw new Error(`nobody bound UDP port ${port}`);
}

const skip = noNamespaces || libzmqDraft.missing;

describe("udp multicast and broadcast between hosts", { skip: skip === false ? false : skip }, () => {
  let network: Network;
  let ours: Peer;
  let theirs: Peer;
  before(async () => {
    network = Network.make(2);
    ours = await Peer.start(network.hosts[0].peer(ourselves));
    theirs = await Peer.start(network.hosts[1].peer(libzmqDraft));
  });
  after(async () => {
    await ours?.kill();
    await theirs?.kill();
    network?.remove();
  });

  const heard = async (radio: PeerSocket, dish: PeerSocket): Promise<void> => {
    // Binding and joining happen in the background on both sides: the first that arrives shows that they are done.
    const first = dish.receive();
    for (let done = false; !done; ) {
      await radio.send(`${text("TV")},${text("first")}`);
      done = await Promise.race([
        first.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20)),
      ]);
    }
    await radio.send(`${text("TV")},${text("begin")}`);
    for (let report = ""; report !== reportOf(`${text("TV")},${text("begin")}`); ) [report] = await dish.receive();
  };

  const groups: readonly (readonly [string, string])[] = [
    ["a group by the interface's name", "udp://eth0;239.1.2.3:5601"],
    ["a group by the system's choice", "udp://239.1.2.4:5602"],
  ];
  for (const [what, endpoint] of groups) {
    for (const [title, sender, receiver] of [
      ["our RADIO to their DISH", () => ours, () => theirs],
      ["their RADIO to our DISH", () => theirs, () => ours],
    ] as const) {
      it(`${title}, ${what}`, { timeout: 10_000 }, async () => {
        const dish = await receiver().socket("DISH");
        await dish.join(...GROUPS);
        await dish.bind(endpoint);
        const radio = await sender().socket("RADIO");
        await radio.connect(endpoint);
        await heard(radio, dish);
        // One after the other: what the wire loses under load is lost for good.
        const got: string[] = [];
        for (const message of MESSAGES) {
          const arrives = dish.receive();
          await radio.send(message);
          got.push(...(await arrives));
        }
        assert.deepEqual(got, REPORTS);
        await dish.close();
        await radio.close();
      });
    }
  }

  it("our RADIO to the broadcast address of the network", { timeout: 10_000 }, async () => {
    const dish = await theirs.socket("DISH");
    await dish.join(text("TV"));
    await dish.bind("udp://*:5603");
    const radio = await ours.socket("RADIO");
    await radio.connect("udp://10.9.9.255:5603");
    await heard(radio, dish);
    await dish.close();
    await radio.close();
  });

  it("our RADIO hears itself on its own host only with multicastLoop", { timeout: 10_000 }, async (t) => {
    const neighbour = await Peer.start(network.hosts[0].peer(ourselves));
    t.after(() => neighbour.kill());
    const dish = await neighbour.socket("DISH");
    await dish.join(text("TV"));
    await dish.bind("udp://eth0;239.1.2.5:5604");
    const silent = await ours.socket("RADIO", { multicastLoop: false });
    const loud = await ours.socket("RADIO", { multicastLoop: true });
    await silent.connect("udp://eth0;239.1.2.5:5604");
    await loud.connect("udp://eth0;239.1.2.5:5604");
    await silent.send(`${text("TV")},${text("silent")}`);
    await heard(loud, dish);
    await silent.send(`${text("TV")},${text("silent")}`);
    await loud.send(`${text("TV")},${text("loud")}`);
    assert.deepEqual(await dish.receive(), [reportOf(`${text("TV")},${text("loud")}`)]);
  });
});
