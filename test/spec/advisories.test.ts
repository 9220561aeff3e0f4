// The published advisories of libzmq, replayed against this library: each attack is made on a service while a peer of good will uses it. Nothing
// crashes, memory grows by no more than the attacker really sent, the good peer gets its answers, and the attacker's connection ends with an event.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { before, type TestContext } from "node:test";
import { inspect } from "node:util";
import { seededRandom } from "../../src/base/random.ts";
import { curveKeyPair, Dealer, Publisher, type Readable, Subscriber, type Writable, XPublisher } from "../../src/node.ts";
import { encodeCommand } from "../../src/zmtp/command.ts";
import { FLAG_COMMAND } from "../../src/zmtp/frame-encoder.ts";
import type { FrameTransform } from "../../src/zmtp/mechanism.ts";
import { mutate } from "../fuzz/guided.ts";
import { Attacker, MIB, type Service, service, withstand } from "../support/attack.ts";
import { hex, text } from "../support/bytes.ts";
import { loadSodium, sealAll } from "../support/curve.ts";
import { command, frame as frameOf, greeting, message, ready } from "../support/engine-probe.ts";
import { bound, check, Events, eventually, own } from "../support/harness.ts";
import { seed } from "../support/seed.ts";

const server = curveKeyPair();
const client = curveKeyPair();
const asServer = { curve: { keyPair: server, allow: "any" } } as const;
const asClient = { curve: { serverKey: server.publicKey, keyPair: client } } as const;

before(loadSodium);

const secured = (t: TestContext): Promise<Service> => service(t, asServer, asClient);
const open = (t: TestContext): Promise<Service> => service(t, {}, {});

/** A frame with the flag of a command. */
const frame = (body: Uint8Array): Uint8Array => frameOf(body, FLAG_COMMAND);

const curveGreeting = greeting({ mechanism: "CURVE" });

for (const [name, bytes, reason] of [
  ["NULL", greeting(), "mechanism-mismatch"],
  ["PLAIN", greeting({ mechanism: "PLAIN" }), "mechanism-mismatch"],
  ["ZMTP 2.0", hex("ff 0000000000000001 7f 01 05 0000"), "old-protocol"],
  ["ZMTP 1.0, versioned", hex("ff 0000000000000001 7f 00 05 0100"), "old-protocol"],
  ["ZMTP 1.0, without a greeting", hex("01 00 05 00 61 62 63 64"), "old-protocol"],
] as const) {
  check(`CVE-2014-7202, CVE-2014-9721: a CURVE server is not talked down to ${name}`, async (t) => {
    const target = await secured(t);
    await withstand(target, async () => {
      const attacker = new Attacker(t, target.endpoint);
      attacker.send(bytes, ready("REQ", ""), message("", "let me in"));
      assert.equal((await target.events.next("handshake:error:protocol")).error.reason, reason);
      await attacker.over();
    });
    assert.equal(target.events.of("handshake").length, 0);
  });
}

const shakeHands = (attacker: Attacker): Promise<FrameTransform> => attacker.shakeHands(server.publicKey, client);

check("CVE-2014-7203: a CURVE message that is sent again is refused, and its connection ends", async (t) => {
  const target = await secured(t);
  await withstand(target, async () => {
    const attacker = new Attacker(t, target.endpoint);
    const transform = await shakeHands(attacker);
    const question = Buffer.concat(sealAll(transform, [message("", "pay 100")]));
    attacker.send(question);
    assert.ok((await attacker.frame()).length > 0);
    attacker.send(question);
    assert.equal((await target.events.next("disconnect")).reason, "invalid-sequence");
    await attacker.over();
  });
});

check("CVE-2014-7203: the frames of one connection are worth nothing on another", async (t) => {
  const target = await secured(t);
  await withstand(target, async () => {
    const first = new Attacker(t, target.endpoint);
    const transform = await shakeHands(first);
    const seen = Buffer.concat(sealAll(transform, [message("", "pay 100")]));
    const second = new Attacker(t, target.endpoint);
    await shakeHands(second);
    second.send(seen);
    assert.equal((await target.events.next("disconnect")).reason, "cryptographic");
  });
});

check("CVE-2019-6250: a frame that announces more than CURVE can open ends its connection before it comes", async (t) => {
  const target = await secured(t);
  await withstand(target, async () => {
    const attacker = new Attacker(t, target.endpoint);
    await shakeHands(attacker);
    attacker.send(hex("02 0000000040000022"));
    const { error } = await target.events.next("disconnect");
    assert.equal(error?.reason, "message-too-large");
    assert.match(error?.message ?? "", /announces 1073741858 bytes, the limit is 1073741857/);
    await attacker.over();
  });
});

for (const size of ["7fffffffffffffff", "ffffffffffffffff", "fffffffffffffff7", "0000000100000000", "000000007fffffff"]) {
  check(`CVE-2019-6250, CVE-2020-36400: a frame that announces ${size} octets takes no memory for them`, async (t) => {
    const target = await open(t);
    await withstand(target, async () => {
      for (let i = 0; i < 10; i++) {
        const attacker = new Attacker(t, target.endpoint);
        attacker.send(greeting(), ready("REQ", ""), hex(`02 ${size}`), Buffer.alloc(100_000));
        attacker.socket.end();
        await target.events.next("disconnect", i + 1);
        await attacker.over();
      }
    });
  });
}

check("CVE-2019-13132: handshake commands of any length do not overflow anything", async (t) => {
  const target = await secured(t);
  await withstand(target, async () => {
    const bodies = [201, 257, 65_536, 66_000, 1_000_000].flatMap((size) => [
      Buffer.concat([encodeCommand("HELLO"), Buffer.alloc(size)]),
      Buffer.concat([encodeCommand("INITIATE"), Buffer.alloc(size)]),
    ]);
    for (const [index, body] of bodies.entries()) {
      const attacker = new Attacker(t, target.endpoint);
      attacker.send(curveGreeting, frame(body));
      await target.events.next("handshake:error:protocol", index + 1);
      await attacker.over();
    }
  });
});

check("CVE-2020-15166: connections that say nothing, or half a handshake, keep nobody else from a secured service", async (t) => {
  const target = await service(t, { ...asServer, handshakeInterval: 500 }, asClient);
  await withstand(target, async () => {
    const silent = Array.from({ length: 50 }, () => new Attacker(t, target.endpoint));
    for (const [index, attacker] of silent.entries()) if (index % 2 === 0) attacker.send(curveGreeting.subarray(0, index));
    for (let i = 0; i < 10; i++) await target.ask();
    await target.events.next("handshake:error:other", 50);
    for (const attacker of silent) await attacker.over();
  });
});

check("CVE-2021-20234: servers that send what nobody asked for, one after the other, leave nothing behind", async (t) => {
  const target = await open(t);
  const subscriber = own(t, new Subscriber({ linger: 0, reconnectInterval: 1 }));
  await withstand(target, async () => {
    for (let i = 0; i < 30; i++) {
      const publisher = own(t, new Publisher({ linger: 0 }));
      const endpoint = await bound(publisher);
      subscriber.connect(endpoint);
      await publisher.connected();
      for (let n = 0; n < 100; n++) await publisher.send(Buffer.alloc(1000));
      subscriber.disconnect(endpoint);
      await publisher.end(0);
    }
  });
  assert.equal(subscriber.peers().length, 0);
});

check("CVE-2021-20235: malformed frames of ZMTP 1.0 are refused", async (t) => {
  const target = await open(t);
  await withstand(target, async () => {
    for (const bytes of ["01 00 00", "01 00 ff 0000000000000000 00", "01 00 ff ffffffffffffffff 00", "03 00 69 64 00 00"]) {
      const attacker = new Attacker(t, target.endpoint);
      attacker.send(hex(bytes), Buffer.alloc(5000));
      attacker.socket.end();
      await attacker.over();
    }
  });
});

check("CVE-2021-20236: long and deeply nested topics, subscribed and cancelled, recurse into nothing", async (t) => {
  const target = await open(t);
  const publisher = own(t, new XPublisher({ linger: 0 }));
  const endpoint = await bound(publisher);
  await withstand(
    target,
    async () => {
      const attacker = new Attacker(t, endpoint);
      attacker.send(greeting(), ready("SUB"));
      const topic = Buffer.alloc(100_000, "a");
      for (const name of ["SUBSCRIBE", "CANCEL"]) {
        for (let length = 1; length < topic.length; length *= 2)
          attacker.send(frame(encodeCommand(name, topic.subarray(0, length))));
        // One node per topic, each inside the last.
        for (let length = 1; length <= 3000; length++) attacker.send(frame(encodeCommand(name, topic.subarray(0, length))));
      }
      attacker.send(frame(encodeCommand("SUBSCRIBE", text("end"))));
      for (;;) {
        const [body] = await (publisher as unknown as Readable).receive({ timeout: 5000 });
        if (String(body) === "\x01end") break;
      }
      attacker.socket.end();
      await eventually(() => publisher.peers().length === 0);
    },
    64 * MIB,
  );
  const good = own(t, new Subscriber({ linger: 0 }));
  good.connect(endpoint);
  good.subscribe("a");
  while (String((await publisher.receive({ timeout: 5000 }))[0]) !== "\x01a") {}
  await (publisher as unknown as Writable).send("aaa");
  assert.equal(String((await good.receive({ timeout: 5000 }))[0]), "aaa");
});

check(
  "CVE-2021-20237: a peer that subscribes and cancels without end leaves nothing behind, and cannot hold more than its limit",
  async (t) => {
    const target = await open(t);
    const publisher = own(t, new Publisher({ linger: 0, maxSubscriptions: 1000 }));
    const events = new Events(publisher);
    const endpoint = await bound(publisher);
    await withstand(target, async () => {
      const patient = new Attacker(t, endpoint);
      patient.send(greeting(), ready("SUB"));
      for (let i = 0; i < 20_000; i++) {
        const topic = Buffer.from(`topic ${i} ${"x".repeat(50)}`);
        patient.send(frame(encodeCommand("SUBSCRIBE", topic)), frame(encodeCommand("CANCEL", topic)));
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const greedy = new Attacker(t, endpoint);
      greedy.send(greeting(), ready("SUB"));
      for (let i = 0; i < 1500; i++) greedy.send(frame(encodeCommand("SUBSCRIBE", Buffer.from(`topic ${i}`))));
      assert.equal((await events.next("disconnect")).reason, "too-many-subscriptions");
    });
  },
);

// Names of properties that all have one hash would make a table slow, were its hash not secret.
check("hash tables: metadata names chosen to collide cost no more than others", async (t) => {
  const target = await open(t);
  const property = (name: string): Buffer => Buffer.concat([Buffer.from([name.length]), Buffer.from(name), hex("00000000")]);
  // Sums of characters are equal, as simple hashes have it; and names that are numbers.
  const names = (make: (i: number) => string): Buffer => Buffer.concat(Array.from({ length: 3000 }, (_, i) => property(make(i))));
  const colliding = [
    names((i) => `Aa`.repeat(3) + i.toString(2).padStart(12, "0").replaceAll("0", "BB").replaceAll("1", "Aa")),
    names((i) => `${i * 65_536}`),
  ];
  await withstand(target, async () => {
    for (const data of colliding) {
      const started = process.cpuUsage();
      const attacker = new Attacker(t, target.endpoint);
      attacker.send(greeting(), command("READY", data.subarray(0, 65_000)));
      await target.ask();
      attacker.socket.end();
      await attacker.over();
      const { user } = process.cpuUsage(started);
      assert.ok(user < 2_000_000, `${user} µs of CPU`);
    }
  });
});

// Any bytes -------------------------------------------------------------------------------------------------------------------------------

check("test_bind_curve_fuzzer: a CURVE listener survives any bytes, and a good peer is served", async (t) => {
  const target = await secured(t);
  const random = seededRandom(seed);
  await withstand(target, async () => {
    const goods = [
      Buffer.concat([curveGreeting, frame(encodeCommand("HELLO", Buffer.alloc(194)))]),
      Buffer.concat([curveGreeting, frame(encodeCommand("INITIATE", Buffer.alloc(300)))]),
    ];
    for (let i = 0; i < 100; i++) {
      const attacker = new Attacker(t, target.endpoint);
      attacker.send(mutate(goods, random));
      attacker.socket.end();
    }
    await target.ask();
  });
  await eventually(() => target.socket.peers().length === 1);
});

check(
  "test_connect_curve_fuzzer: a CURVE client survives any bytes of a server, and its other endpoints are served",
  async (t) => {
    const target = await secured(t);
    const random = seededRandom(seed);
    const hostile = createServer((socket) => {
      const goods = [
        Buffer.concat([curveGreeting, frame(encodeCommand("WELCOME", Buffer.alloc(160)))]),
        Buffer.concat([curveGreeting, frame(encodeCommand("READY", Buffer.alloc(30)))]),
      ];
      socket.on("error", () => undefined);
      socket.end(mutate(goods, random));
    });
    await new Promise<void>((resolve) => hostile.listen(0, "127.0.0.1", resolve));
    t.after(() => hostile.close());
    const endpoint = `tcp://127.0.0.1:${(hostile.address() as { port: number }).port}`;
    for (let i = 0; i < 40; i++) {
      const dialler = own(t, new Dealer({ ...asClient, linger: 0, reconnectInterval: -1 }));
      const events = new Events(dialler);
      dialler.connect(endpoint);
      await events.next("disconnect");
      dialler.close();
    }
    await target.ask();
  },
);

check("test_security_curve: broken HELLOs and INITIATEs, each with its own code", async (t) => {
  const target = await secured(t);
  const cases: [Uint8Array, string][] = [
    [encodeCommand("HELLO", Buffer.alloc(193)), "ERR_ZMTP_MALFORMED_COMMAND_HELLO"],
    [encodeCommand("HELLO", Buffer.alloc(195)), "ERR_ZMTP_MALFORMED_COMMAND_HELLO"],
    [encodeCommand("HELLO", Buffer.concat([hex("0200"), Buffer.alloc(192)])), "ERR_ZMTP_MALFORMED_COMMAND_HELLO"],
    [encodeCommand("HELLO", Buffer.concat([hex("0100"), Buffer.alloc(192)])), "ERR_ZMTP_CRYPTOGRAPHIC"],
    [encodeCommand("HELLOX", Buffer.alloc(193)), "ERR_ZMTP_UNEXPECTED_COMMAND"],
    [encodeCommand("INITIATE", Buffer.alloc(248)), "ERR_ZMTP_UNEXPECTED_COMMAND"],
    [encodeCommand("READY"), "ERR_ZMTP_UNEXPECTED_COMMAND"],
  ];
  for (const [index, [body, code]] of cases.entries()) {
    const attacker = new Attacker(t, target.endpoint);
    attacker.send(curveGreeting, frame(body));
    assert.equal((await target.events.next("handshake:error:protocol", index + 1)).error.code, code);
    await attacker.over();
  }
  await target.ask();
});

check("a broken HELLO of PLAIN, which may hold a password, is refused with an event that shows nothing of it", async (t) => {
  const listener = own(t, new Dealer({ plainServer: true, linger: 0 }));
  const events = new Events(listener);
  const attacker = new Attacker(t, await bound(listener));
  attacker.send(greeting({ mechanism: "PLAIN" }), frame(encodeCommand("HELLO", text("\x05admin\x0dhunter2hunter2"))));
  const { error } = await events.next("handshake:error:protocol");
  assert.equal(error.reason, "malformed-hello");
  const shown = inspect(events.all, { depth: 10 });
  for (const part of ["hunter2", Buffer.from("hunter2").toString("hex"), Buffer.from("admin").toString("hex"), "48454c4c4f"])
    assert.ok(!shown.includes(part), part);
  await attacker.over();
});

// Limits ----------------------------------------------------------------------------------------------------------------------------------

check(
  "maxConnections: one more is closed at once, with an event that names limit and value; when one has gone there is room",
  async (t) => {
    const listener = own(t, new Dealer({ maxConnections: 2, linger: 0 }));
    const events = new Events(listener);
    const endpoint = await bound(listener);
    const peers = [1, 2].map(() => own(t, new Dealer({ linger: 0 })));
    for (const peer of peers) peer.connect(endpoint);
    await listener.connected(2);
    const third = own(t, new Dealer({ linger: 0, reconnectInterval: 1 }));
    third.connect(endpoint);
    const { error } = await events.next("accept:error");
    assert.equal(error.reason, "too-many-connections");
    assert.match(error.message, /has 2 connections, maxConnections is 2/);
    peers[0].close();
    await third.connected();
  },
);

check("maxPendingHandshakes: silent connections fill it; those whose handshake is complete do not count", async (t) => {
  const listener = own(t, new Dealer({ maxPendingHandshakes: 3, handshakeInterval: 300, linger: 0 }));
  const events = new Events(listener);
  const endpoint = await bound(listener);
  for (let i = 0; i < 5; i++) {
    own(t, new Dealer({ linger: 0 })).connect(endpoint);
    await listener.connected(i + 1);
  }
  const silent = Array.from({ length: 4 }, () => new Attacker(t, endpoint));
  const { error } = await events.next("accept:error");
  assert.match(error.message, /3 connections are in their handshake, maxPendingHandshakes is 3/);
  // Their time is over, and then there is room again.
  await events.next("handshake:error:other", 3);
  const late = own(t, new Dealer({ linger: 0 }));
  late.connect(endpoint);
  await late.connected();
  for (const attacker of silent) attacker.socket.destroy();
});

check(
  "maxUnreadSize: a peer whose octets nobody reads is not read from; what it sent comes whole when somebody does",
  async (t) => {
    const listener = own(t, new Dealer({ maxUnreadSize: 1_000_000, receiveHighWaterMark: 0, linger: 0 }));
    const sender = own(t, new Dealer({ sendHighWaterMark: 0, linger: 0 }));
    sender.connect(await bound(listener));
    await listener.connected();
    const count = 600;
    for (let i = 0; i < count; i++) void sender.send(Buffer.alloc(100_000, i));
    await eventually(() => listener.stats().receiving > 5);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    // The mark is passed by no more than what one read brings.
    assert.ok(listener.stats().receiving < 60, `${listener.stats().receiving} messages wait`);
    for (let i = 0; i < count; i++) {
      const [body] = await listener.receive({ timeout: 5000 });
      assert.equal(body.length, 100_000);
      assert.equal(body[99_999], i % 256);
    }
  },
);
