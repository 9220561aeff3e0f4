// What libzmq's NEWS tells of beside its advisories: faults that a peer could cause, and that were mended without a number of their own. Each is done to
// this library while a good peer is served. (Others of the list are tests elsewhere: #211, #325 and the port scanners of #868 and #1399 in
// spec/hostile, #569 in spec/null-fuzzers, #417 and #3343 in interop/breaks, #2321 in the tests of z85, #3226 in unit/pgm/hostile.)

import assert from "node:assert/strict";
import { before } from "node:test";
import { Authenticator, Context, curveKeyPair, Dealer, Publisher, Reply, Request, Subscriber } from "../../src/node.ts";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { FLAG_COMMAND } from "../../src/zmtp/frame-encoder.ts";
import { Attacker, MIB, service, withstand } from "../support/attack.ts";
import { hex } from "../support/bytes.ts";
import { loadSodium } from "../support/curve.ts";
import { frame, greeting, message, ready } from "../support/engine-probe.ts";
import { bound, check, Events, eventually, own, receive } from "../support/harness.ts";

before(loadSodium);

const command = (name: string, topic: string): Uint8Array => frame(encodeCommand(name, Buffer.from(topic)), FLAG_COMMAND);

check("#1224, #2942, 3.2's #327 and #389: cancels of nothing, empty or unmatched, in any number", async (t) => {
  const target = await service(t, {}, {});
  const publisher = own(t, new Publisher({ linger: 0 }));
  const endpoint = await bound(publisher);
  const good = own(t, new Subscriber({ linger: 0 }));
  good.subscribe("kept", "");
  good.connect(endpoint);
  await publisher.subscribed("kept");
  await withstand(target, async () => {
    const attackers = Array.from({ length: 3 }, () => new Attacker(t, endpoint));
    for (const attacker of attackers) {
      attacker.send(greeting(), ready("SUB"), message("\0"), message(""), command("CANCEL", ""));
      for (let i = 0; i < 3000; i++) {
        attacker.send(command("CANCEL", `never ${i}`), command("CANCEL", "kept"), command("CANCEL", "kep"), message("\0kept!"));
        attacker.send(command("SUBSCRIBE", `topic ${i % 7}`), command("CANCEL", `topic ${i % 5}`), message("\0", ""));
      }
      attacker.send(command("SUBSCRIBE", "end"));
    }
    await publisher.subscribed("end", 3);
    for (const attacker of attackers) attacker.socket.destroy();
    await eventually(() => publisher.peers().length === 1);
  });
  await publisher.send("kept");
  assert.deepEqual(await receive(good), ["kept"]);
});

check("4.0.5's #939: peers that vanish while a ZAP handler is asked about them, many at a time", async (t) => {
  const context = new Context();
  const authenticator = new Authenticator({ context, plain: { good: "word" } });
  t.after(() => authenticator.close());
  const target = await service(t, { context, plainServer: true }, { plainUsername: "good", plainPassword: "word" });
  const hello = command("HELLO", "\x03bad\x04word");
  const initiate = frame(encodeCommand("INITIATE", encodeMetadata([["Socket-Type", Buffer.from("REQ")]])), FLAG_COMMAND);
  await withstand(target, async () => {
    for (let round = 0; round < 5; round++) {
      const crowd = Array.from({ length: 40 }, () => new Attacker(t, target.endpoint));
      for (const [i, attacker] of crowd.entries()) {
        attacker.send(greeting({ mechanism: "PLAIN" }), hello, initiate);
        if (i % 2 === 0) attacker.socket.end();
        else attacker.socket.resetAndDestroy();
      }
      await target.ask();
    }
  });
  await eventually(() => target.socket.peers().length === 1);
  assert.equal(target.events.of("handshake").length, 0);
});

check("#2481: handshakes that fail, at every point and under every mechanism, leave nothing behind", async (t) => {
  const server = curveKeyPair();
  const secured = { curve: { keyPair: server, allow: "any" } } as const;
  const target = await service(t, secured, { curve: { serverKey: server.publicKey } });
  const open = own(t, new Dealer({ linger: 0 }));
  const unsecured = await bound(open);
  // Where it says so it is the attacker who ends the connection.
  const ends: readonly [string, Uint8Array[], cut?: true][] = [
    [target.endpoint, [greeting({ mechanism: "CURVE" })], true],
    [target.endpoint, [greeting({ mechanism: "CURVE" }), frame(encodeCommand("HELLO", Buffer.alloc(194)), FLAG_COMMAND)]],
    [target.endpoint, [greeting({ mechanism: "CURVE" }), frame(Buffer.alloc(60_000), FLAG_COMMAND)]],
    [target.endpoint, [greeting()]],
    [unsecured, [greeting().subarray(0, 40)], true],
    [unsecured, [greeting(), frame(encodeCommand("READY", Buffer.alloc(60_000, 1)), FLAG_COMMAND)]],
    [unsecured, [greeting(), ready("PUB")]],
    [unsecured, [hex("ff00000000000000017f0308"), Buffer.alloc(300)]],
  ];
  await withstand(
    target,
    async () => {
      for (let i = 0; i < 600; i++) {
        const [endpoint, bytes, cut] = ends[i % ends.length];
        const attacker = new Attacker(t, endpoint);
        attacker.send(...bytes);
        if (cut) attacker.socket.end();
        if (i % 50 === 49) await attacker.over();
      }
      await eventually(() => open.peers().length === 0 && target.socket.peers().length === 1);
    },
    16 * MIB,
  );
});

check(
  "#2567, #2602: requests whose peer is gone before the answer, and answers that never come, leave nothing behind",
  async (t) => {
    const target = await service(t, {}, {});
    const slow = own(t, new Reply({ linger: 0 }));
    const events = new Events(slow);
    const endpoint = await bound(slow);
    await withstand(
      target,
      async () => {
        for (let i = 0; i < 150; i++) {
          const attacker = new Attacker(t, endpoint);
          attacker.send(greeting(), ready("REQ", ""), message("", Buffer.alloc(50_000)));
          await slow.receive({ timeout: 5000 });
          attacker.socket.destroy();
          await events.next("disconnect", i + 1);
          await slow.send(Buffer.alloc(50_000));
        }
        // A message that is cut short, many times over.
        for (let i = 0; i < 150; i++) {
          const attacker = new Attacker(t, endpoint);
          attacker.send(greeting(), ready("REQ", ""), message("", "x").subarray(0, 3), Buffer.alloc(0));
          attacker.socket.end();
          await attacker.over();
        }
      },
      16 * MIB,
    );
    const last = own(t, new Request({ linger: 0 }));
    last.connect(endpoint);
    await last.send("still there?");
    assert.deepEqual(await receive(slow), ["still there?"]);
  },
);
