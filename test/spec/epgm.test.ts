// epgm at the edge: which sockets and endpoints it takes, before anything is sent. What goes over the wire is in test/unit/pgm and test/interop/multicast.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as zmtp from "../../src/node.ts";
import { parseEpgm } from "../../src/transports/network-address.ts";
import { check, codeOf, own } from "../support/harness.ts";
import { Network, noNamespaces } from "../support/namespaces.ts";

check(
  "PUB, XPUB, SUB and XSUB may use it, no others; pgm over raw IP is refused and the error names what is offered",
  async (t) => {
    const endpoint = "epgm://nosuch0;239.192.1.1:5555";
    const may = [zmtp.Publisher, zmtp.XPublisher, zmtp.Subscriber, zmtp.XSubscriber];
    // Those get as far as the interface, which is not there.
    for (const Type of may) assert.equal(await codeOf(() => own(t, new Type()).bind(endpoint)), "ENODEV");
    for (const Type of may) assert.equal(await codeOf(() => own(t, new Type()).connect(endpoint)), "ENODEV");
    for (const Type of [
      zmtp.Pair,
      zmtp.Push,
      zmtp.Dealer,
      zmtp.Router,
      zmtp.Request,
      zmtp.Radio,
      zmtp.Dish,
      zmtp.Stream,
      zmtp.Datagram,
    ])
      assert.equal(await codeOf(() => own(t, new Type()).connect(endpoint)), "ENOCOMPATPROTO");
    await assert.rejects(own(t, new zmtp.Publisher()).bind("pgm://eth0;239.192.1.1:5555"), {
      code: "EPROTONOSUPPORT",
      message: /epgm:/,
    });
    assert.equal(zmtp.capability.pgm, true);
    assert.equal(zmtp.has("pgm"), true);
  },
);

check("endpoints that cannot be are refused at the call", async (t) => {
  const sub = own(t, new zmtp.Subscriber());
  for (const address of [
    ";239.192.1.1",
    ";239.192.1.1:",
    ";239.192.1.1:0",
    ";239.192.1.1:*",
    ";239.192.1.1:65536",
    ";10.0.0.1:5555",
    ";239.192.1.1;10.0.0.1:5555",
    ";239.192.1.1;239.192.1.2;239.192.1.3:5555",
    ";239.192.1.1;ff08::1:5555",
    `;${Array.from({ length: 21 }, (_, i) => `239.192.1.${i}`).join(",")}:5555`,
    "239.192.1.1;239.192.1.1:5555",
  ])
    assert.equal(await codeOf(() => sub.connect(`epgm://${address}`)), "EINVAL", address);
  for (const address of ["nosuch0;239.192.1.1:5555", "198.51.100.0/24;239.192.1.1:5555", ";[ff08::1]:5555"])
    assert.equal(await codeOf(() => sub.connect(`epgm://${address}`)), "ENODEV", address);
});

check("a packet size that cannot be is refused at the call", async (t) => {
  for (const multicastMaxTransportDataUnit of [1, 99, 65536]) {
    const sub = own(t, new zmtp.Subscriber({ multicastMaxTransportDataUnit }));
    assert.throws(() => sub.connect("epgm://;239.192.1.1:5555"), { code: "EINVAL", message: /multicastMaxTransportDataUnit/ });
  }
});

check("endpoints are read as OpenPGM reads them: interface, groups to hear, group to send to", () => {
  const group = { port: 5555, family: 4, via: null };
  assert.deepEqual(parseEpgm(";239.192.1.1:5555", false), { ...group, receive: ["239.192.1.1"], send: "239.192.1.1" });
  assert.deepEqual(parseEpgm("239.192.1.1:5555", false), { ...group, receive: ["239.192.1.1"], send: "239.192.1.1" });
  assert.deepEqual(parseEpgm(":5555", false), { ...group, receive: ["239.192.0.1"], send: "239.192.0.1" });
  assert.deepEqual(parseEpgm(";239.192.1.1,239.192.1.2;239.192.1.3:5555", false), {
    ...group,
    receive: ["239.192.1.1", "239.192.1.2"],
    send: "239.192.1.3",
  });
  assert.deepEqual(parseEpgm("127.0.0.0/8;239.192.1.1:5555", false).via, "127.0.0.1");
  const six = parseEpgm(";[ff08::1]:5555", true);
  assert.deepEqual([six.family, six.send], [6, "ff08::1"]);
});

/** What a program of test/support prints when it runs on a host of its own. */
async function staged(t: TestContext, name: string, ...words: readonly string[]): Promise<unknown> {
  const network = Network.make(1);
  t.after(() => network.remove());
  const program = fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));
  const [command, ...rest] = network.hosts[0].command(process.execPath, program, ...words);
  const { stdout } = await promisify(execFile)(command, rest, { timeout: 30_000 });
  return JSON.parse(stdout);
}

check(
  "forwarders: of three sources on one host everything that was lost is repaired; one from tcp subscribes by itself",
  async (t) => {
    assert.deepEqual(await staged(t, "epgm-forwarders"), {
      groupToGroup: { count: 1800, wrong: 0, repaired: [true, true, true] },
      tcpToGroup: { count: 600, wrong: 0 },
    });
  },
  noNamespaces,
);

check(
  "a source is a peer: it comes, has counters, loses packets with an event, waits for a full queue, and ends",
  async (t) => {
    const numbers = Array.from({ length: 20 }, (_, i) => `${11 + i}`);
    assert.deepEqual(await staged(t, "epgm-stage"), {
      got: ["first", "after the gap", ...numbers],
      events: [{ type: "accept" }, { type: "gap", first: 1, last: 9, count: 9 }, { type: "disconnect", reason: "peer-closed" }],
      dropped: { "wrong-checksum": 1, "malformed-packet": 1, unrepairable: 9 },
      address: "epgm://10.9.9.1:7777/1.2.3.4.5.6.7777",
      packets: 22,
      lost: 9,
      left: 0,
    });
  },
  noNamespaces,
);

check(
  "a group is heard once, and no other of the same port: IPv6, of any scope",
  async (t) => {
    for (const prefix of ["ff08", "ff02"]) {
      const groups = [`[${prefix}::9:1]`, `[${prefix}::9:2]`];
      assert.deepEqual(await staged(t, "epgm-groups", ...groups), {
        both: ["a1", "a2", "a3", "b1", "b2", "b3"],
        one: ["b1", "b2", "b3"],
      });
    }
  },
  noNamespaces,
);
