// What libzmq's NEWS tells of beside its advisories: faults that a peer could cause, and that were mended without a number of their own. Each is done to
// this library while a good peer is served. (Others of the list are tests elsewhere: #211, #325 and the port scanners of #868 and #1399 in
// spec/hostile, #569 in spec/null-fuzzers, #417 and #3343 in interop/breaks, #2321 and 4.3.3's check of a text's length in the tests of z85, #3226 in unit/pgm/hostile, #2862 in spec/udp. What
// 4.3.5 mends is not known here: no source at hand has its list.)

import assert from "node:assert/strict";
import { before } from "node:test";
import {
  Authenticator,
  Context,
  curveKeyPair,
  Dealer,
  Pair,
  Publisher,
  Pull,
  type Readable,
  Reply,
  Request,
  type Socket,
  Subscriber,
  XPublisher,
} from "../../src/node.ts";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { FLAG_COMMAND, FLAG_MORE, MAX_HEADER_BYTES } from "../../src/zmtp/frame-encoder.ts";
import { Attacker, MIB, service, withstand } from "../support/attack.ts";
import { hex } from "../support/bytes.ts";
import { loadSodium, sealAll } from "../support/curve.ts";
import { frame, greeting, message, ready } from "../support/engine-probe.ts";
import { assertNothing, bound, check, Events, eventually, own, receive } from "../support/harness.ts";

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

check("4.3.3's #3566: CURVE messages of a wrong form end their connections and leave nothing behind", async (t) => {
  const [server, client] = [curveKeyPair(), curveKeyPair()];
  const target = await service(
    t,
    { curve: { keyPair: server, allow: "any" } },
    { curve: { serverKey: server.publicKey, keyPair: client } },
  );
  const large = Buffer.alloc(300_000);
  const wrong: readonly [reason: string, change: (body: Buffer) => Uint8Array][] = [
    ["malformed-sealed", (body) => body.subarray(0, 32)],
    ["unexpected-command", (body) => body.fill("x", 1, 8)],
    ["invalid-sequence", (body) => body.fill(0, 8, 16)],
    ["cryptographic", (body) => body.fill(1, 16, 32)],
    ["cryptographic", (body) => body.subarray(0, -1)],
  ];
  await withstand(
    target,
    async () => {
      for (let i = 0; i < 25; i++) {
        const [reason, change] = wrong[i % wrong.length];
        const attacker = new Attacker(t, target.endpoint);
        const transform = await attacker.shakeHands(server.publicKey, client);
        // The first part of a message that never ends goes before.
        attacker.send(...sealAll(transform, [frame(large, FLAG_MORE)]));
        const [sealed] = sealAll(transform, [frame(large)]);
        attacker.send(frame(change(Buffer.from(sealed.subarray(MAX_HEADER_BYTES)))));
        assert.equal((await target.events.next("disconnect", i + 1)).reason, reason);
        await attacker.over();
      }
    },
    8 * MIB,
  );
});

check("4.3.3's #3594: connections that end while heartbeats of both sides are under way", async (t) => {
  const target = await service(t, { heartbeatInterval: 1, heartbeatTimeout: 2000 }, {});
  const ping = command("PING", "\x02\x58context");
  await withstand(target, async () => {
    for (let round = 0; round < 5; round++) {
      const crowd = Array.from({ length: 30 }, () => new Attacker(t, target.endpoint));
      for (const attacker of crowd) attacker.send(greeting(), ready("REQ", ""), ...Array.from({ length: 200 }, () => ping));
      // Both directions have heartbeats: ours were answered with nothing, theirs with PONG.
      for (const attacker of crowd)
        await eventually(() => attacker.received.includes("PONG") && attacker.received.includes("PING"));
      for (const [i, { socket }] of crowd.entries()) {
        socket.write(ping.subarray(0, i % ping.length));
        if (i % 2 === 0) socket.end();
        else socket.resetAndDestroy();
      }
      await target.ask();
    }
  });
  await eventually(() => target.socket.peers().length === 1);
});

check("4.3.3's #3656: what a subscriber sends that is no subscription reaches an XPUB, and hurts no PUB", async (t) => {
  const target = await service(t, {}, {});
  const [pub, xpub] = [own(t, new Publisher({ linger: 0 })), own(t, new XPublisher({ linger: 0, receiveTimeout: 5000 }))];
  const endpoints = [await bound(pub), await bound(xpub)];
  const said = [["data"], ["", ""], ["\x02", "", "x".repeat(70_000)]];
  await withstand(target, async () => {
    for (const endpoint of endpoints) {
      const attacker = new Attacker(t, endpoint);
      attacker.send(greeting(), ready("XSUB"), ...said.map((parts) => message(...parts)), message("\x01topic"));
    }
    for (const parts of said) assert.deepEqual(await receive(xpub), parts);
    assert.deepEqual(await receive(xpub), ["\x01topic"]);
    await pub.subscribed("topic");
  });
});

check("4.3.3's #3705: messages of nothing but empty frames arrive as they are", async (t) => {
  const target = await service(t, {}, {});
  const takers: readonly [type: string, socket: Socket & Readable][] = [
    ["PUSH", own(t, new Pull({ receiveTimeout: 5000 }))],
    ["PAIR", own(t, new Pair({ linger: 0, receiveTimeout: 5000 }))],
    ["DEALER", own(t, new Dealer({ linger: 0, receiveTimeout: 5000 }))],
    ["PUB", own(t, new Subscriber({ receiveTimeout: 5000 }))],
  ];
  await withstand(target, async () => {
    for (const [type, socket] of takers) {
      if (socket instanceof Subscriber) socket.subscribe();
      const attacker = new Attacker(t, await bound(socket));
      attacker.send(greeting(), ready(type), message(""), message("", "", ""), message("end"));
      for (const expected of [[""], ["", "", ""], ["end"]]) assert.deepEqual(await receive(socket), expected, type);
      await assertNothing(socket);
    }
  });
});
