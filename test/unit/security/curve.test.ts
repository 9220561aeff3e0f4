// CURVE octet by octet: the fixed vector of libzmq's layout, every box opened with an implementation of its own, and every octet of every handshake
// frame and message changed, cut, repeated and reordered: each is refused with its own reason, and nothing is delivered.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import type { Sodium } from "../../../src/security/sodium.ts";
import { FLAG_COMMAND, FLAG_MORE, writeHeader } from "../../../src/zmtp/frame-encoder.ts";
import type { FrameTransform, MechanismStep } from "../../../src/zmtp/mechanism.ts";
import { hex, text, toHexText } from "../../support/bytes.ts";
import {
  CLIENT,
  failureOf,
  fill,
  listed,
  loadSodium,
  makeClient,
  makeServer,
  nacl,
  never,
  readyOf,
  SERVER,
  sealAll,
  sent,
  shakeHands,
} from "../../support/curve.ts";
import { seed } from "../../support/seed.ts";

let sodium: Sodium;
before(async () => {
  sodium = await loadSodium();
});

/** Frames in plain wire form, as an outbox gathers them. */
function plain(...frames: readonly { readonly flags?: number; readonly body: Uint8Array }[]): Uint8Array {
  const parts = frames.map(({ flags = 0, body }) => {
    const header = new Uint8Array(9);
    return Buffer.concat([header.subarray(0, writeHeader(header, 0, flags, body.length)), body]);
  });
  return Buffer.concat(parts);
}

/** The bodies of sealed frames in wire form; none is a command or has MORE. */
function bodies(sealed: readonly Uint8Array[]): Uint8Array[] {
  const bytes = Buffer.concat(sealed);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.ok(bytes[at] === 0 || bytes[at] === 2, `flags ${bytes[at]}`);
    const long = bytes[at] === 2;
    const size = long ? Number(bytes.readBigUInt64BE(at + 1)) : bytes[at + 1];
    assert.equal(long, size > 255);
    const from = at + (long ? 9 : 2);
    found.push(bytes.subarray(from, from + size));
    at = from + size;
  }
  return found;
}

const seal = (transform: FrameTransform, body: Uint8Array, flags = 0): Uint8Array =>
  bodies(sealAll(transform, [plain({ flags, body })]))[0];

describe("CURVE: the fixed vector", () => {
  const clientRandom = (): ReturnType<typeof listed> => listed(fill(0x33), fill(0xc0, 16));
  // WELCOME's nonce, the cookie's nonce, and the cookie's key, after s'.
  const serverRandom = (): ReturnType<typeof listed> => listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55));

  it("keys, boxes and messages are those of libzmq's layout", () => {
    const { hello, welcome, initiate, ready, fromClient, fromServer } = shakeHands(
      makeClient(clientRandom()),
      makeServer(serverRandom()),
    );
    assert.equal(toHexText(SERVER.publicKey), VECTOR.S);
    assert.equal(toHexText(CLIENT.publicKey), VECTOR.C);
    assert.equal(toHexText(hello), `0548454c4c4f0100${"00".repeat(72)}${VECTOR.clientKey}0000000000000001${VECTOR.hello}`);
    assert.equal(toHexText(welcome), `0757454c434f4d45${"b0".repeat(16)}${VECTOR.welcome}`);
    assert.equal(toHexText(initiate), `08494e495449415445${"a0".repeat(16)}${VECTOR.cookie}0000000000000002${VECTOR.initiate}`);
    assert.equal(toHexText(ready), `055245414459${"0000000000000001"}${VECTOR.ready}`);
    assert.equal(
      toHexText(Buffer.concat(sealAll(fromClient, [plain({ body: text("abc") })]))),
      `0024074d4553534147450000000000000003${VECTOR.clientMessage}`,
    );
    assert.equal(
      toHexText(Buffer.concat(sealAll(fromServer, [plain({ body: text("abc") })]))),
      `0024074d4553534147450000000000000002${VECTOR.serverMessage}`,
    );
  });
});

const VECTOR = {
  S: "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13",
  C: "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20",
  clientKey: "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14",
  hello:
    "7dcf8ebc4506d5a25eafc3ddf311e7e5ff922d310574edf98fa87c0243d1d9b9e118b597645c522333afb74c41b2ce51f8ddd7e8f8f1296ad8445190a8725ed4" +
    "5135ceed0b13aa27c8a0d9c5322f1c7f",
  cookie:
    "51c38627f3dedca4825bab0e6382607ca4b56a60f2917ff0514752569c8d39f363abbbd3cc0fefcbef3297b17414c7a183a58308ed7928a940eb4b34f642923c" +
    "0ae6063830b7dd3d30c99bfa5d382a7a",
  welcome:
    "57eb0c94f52e27ecf34d34e23970c505731722773eea08c9978acbe20d8fc92f8b7df901f6d351321a9559708bbd3864262d887b818dd870852266aceada3be4" +
    "3521110a77255f8801b00d5495f7de179639de2bbe9cd863521a1e3c303015a2dffbf3e9010cb3d20f68d40de71bcc8dc6e34a398ac2466940252b0eb983d858" +
    "408c1c5d9d2cff5254391ad5b708c77a",
  initiate:
    "cb8cbda5d809476aea1808510cc78c2be0102d327da88914fb333146cb6c1c484a4bb3094c0c00eb88fbcf062aea905ff547f0138f05c53d875e6af858c3425e" +
    "4466046e01bb8295ee98d5841e4348d3889ce2a15c4cdce0a3800b69aeee8ca84546af96171db77d1558b036f47f226ded1b273546bf5a8971e936a013240155" +
    "4b9e70810c716aa942ed8b79afacbb4040115a1d98ac139ee1707db7c14e56731e3c5d0c37ce8b75f73fe185f864aef03b659b",
  ready: "2e804656d802990e8cf38c55338e594265d57704d72d188f691d5246d1293fef9217d799ba845485e40f1a2fbaf9723e9a67b6",
  clientMessage: "fa37ad7e8b8a54166b8db4a45c053d15d8b70e49",
  serverMessage: "a0a8bd9d19f17c855d6922bd5a3ffe809f899786",
};

describe("CURVE: against tweetnacl", () => {
  it("public keys, shared keys and boxes of any length are NaCl's", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.uint8Array({ maxLength: 3000 }),
        (secretKey, nonce, message) => {
          assert.deepEqual([...sodium.publicKey(secretKey)], [...nacl.box.keyPair.fromSecretKey(secretKey).publicKey]);
          const key = sodium.sharedKey(SERVER.publicKey, secretKey);
          assert.ok(key);
          const box = sodium.seal(message, nonce, key);
          assert.equal(toHexText(box), toHexText(nacl.box(message, nonce, SERVER.publicKey, secretKey)));
          assert.equal(toHexText(sodium.open(box, nonce, key) as Uint8Array), toHexText(message));
          key.close();
        },
      ),
      { seed, numRuns: 100 },
    );
  });

  it("unittest_curve_encoding: sealed frames of every size open with NaCl, and what NaCl seals opens here", () => {
    const c = fill(0x33);
    const s = fill(0x44);
    const serverKey = nacl.box.keyPair.fromSecretKey(s).publicKey;
    const clientKey = nacl.box.keyPair.fromSecretKey(c).publicKey;
    const { fromClient, fromServer } = shakeHands(
      makeClient(listed(c, fill(1, 16))),
      makeServer(listed(s, fill(2, 16), fill(3, 16), fill(4))),
    );
    const nonce = (prefix: string, body: Uint8Array): Uint8Array =>
      new Uint8Array(Buffer.concat([text(prefix), body.subarray(8, 16)]));
    for (const size of [0, 1, 221, 222, 223, 255, 256, 767, 768, 1999, 2000, 2001, 65_535, 200_000, 1_000_000]) {
      const body = new Uint8Array(size).fill(size);
      const flags = [0, FLAG_MORE, FLAG_COMMAND][size % 3];
      const sealed = seal(fromClient, body, flags);
      assert.equal(sealed.length, size + 33);
      const opened = nacl.box.open(new Uint8Array(sealed.subarray(16)), nonce("CurveZMQMESSAGEC", sealed), clientKey, s);
      assert.ok(opened, `${size} octets`);
      assert.equal(opened[0], flags === FLAG_MORE ? 1 : flags === FLAG_COMMAND ? 2 : 0);
      assert.ok(Buffer.from(opened.subarray(1)).equals(body));
      assert.ok(Buffer.from(fromServer.open(sealed) as Uint8Array).equals(body));
      assert.equal(fromServer.flags, flags);
    }
    const counter = hex("0000000000000063");
    const message = new Uint8Array(Buffer.concat([Uint8Array.of(1), text("hello")]));
    const box = nacl.box(message, new Uint8Array(Buffer.concat([text("CurveZMQMESSAGES"), counter])), clientKey, s);
    const body = Buffer.concat([Uint8Array.of(7), text("MESSAGE"), counter, box]);
    assert.equal(String(fromClient.open(body)), "hello");
    assert.equal(fromClient.flags, FLAG_MORE);
    assert.ok(serverKey);
  });

  it("a batch of many frames is sealed in order, each with its own counter, whatever lies in one part", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.oneof(fc.nat(300), fc.nat(70_000)), apart: fc.boolean() }), {
          minLength: 1,
          maxLength: 30,
        }),
        (sizes) => {
          const { fromClient, fromServer } = shakeHands();
          const parts: Uint8Array[] = [];
          for (const [index, { size, apart }] of sizes.entries()) {
            const frame = plain({ body: new Uint8Array(size).fill(index) });
            const header = frame.length - size;
            if (apart && size > 0) parts.push(frame.subarray(0, header), frame.subarray(header));
            else parts.push(frame);
          }
          const sealed = bodies(sealAll(fromClient, parts));
          assert.equal(sealed.length, sizes.length);
          for (const [index, body] of sealed.entries()) {
            const opened = fromServer.open(body);
            assert.ok(opened?.every((octet) => octet === index % 256));
            assert.equal(opened?.length, sizes[index].size);
          }
          fromClient.close();
          fromServer.close();
        },
      ),
      { seed, numRuns: 60 },
    );
  });
});

/** The step that a changed copy of one handshake command leads to. */
type Receive = (changed: Uint8Array) => MechanismStep;

const COMMANDS: Readonly<Record<string, () => { readonly good: Uint8Array; readonly receive: Receive }>> = {
  HELLO() {
    const good = sent(makeClient().start(never));
    return {
      good,
      receive(changed) {
        const server = makeServer();
        server.start(never);
        return server.onCommand(changed);
      },
    };
  },
  WELCOME() {
    // The same random octets make the same connection again, so that each change meets a fresh one.
    const client = (): ReturnType<typeof makeClient> => makeClient(listed(fill(0x33), fill(0xc0, 16)));
    const server = makeServer();
    server.start(never);
    const good = sent(server.onCommand(sent(client().start(never))));
    return {
      good,
      receive(changed) {
        const fresh = client();
        fresh.start(never);
        return fresh.onCommand(changed);
      },
    };
  },
  INITIATE() {
    const client = makeClient();
    const hello = sent(client.start(never));
    const server = (): ReturnType<typeof makeServer> => {
      const made = makeServer(listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55)));
      made.start(never);
      return made;
    };
    const good = sent(client.onCommand(sent(server().onCommand(hello))));
    return {
      good,
      receive(changed) {
        const fresh = server();
        sent(fresh.onCommand(hello));
        return fresh.onCommand(changed);
      },
    };
  },
  READY() {
    const client = (): ReturnType<typeof makeClient> => makeClient(listed(fill(0x33), fill(0xc0, 16)));
    const server = makeServer();
    server.start(never);
    const first = client();
    const welcome = sent(server.onCommand(sent(first.start(never))));
    const good = readyOf(server.onCommand(sent(first.onCommand(welcome)))).reply as Uint8Array;
    return {
      good,
      receive(changed) {
        const fresh = client();
        fresh.start(never);
        sent(fresh.onCommand(welcome));
        return fresh.onCommand(changed);
      },
    };
  },
};

const REFUSALS = [
  "unexpected-command",
  "malformed-hello",
  "malformed-welcome",
  "malformed-initiate",
  "malformed-ready",
  "cryptographic",
];

describe("CURVE: what was changed on its way is refused", () => {
  for (const [name, prepare] of Object.entries(COMMANDS)) {
    it(`${name}: unchanged it is taken; with any one bit flipped, cut anywhere or lengthened it is not`, () => {
      const { good, receive } = prepare();
      assert.notEqual(receive(good).kind, "fail");
      const refused = (changed: Uint8Array, what: string): void => {
        const { reason, text: said } = failureOf(receive(changed));
        assert.ok(REFUSALS.includes(reason), `${what}: ${reason}`);
        assert.match(said, /^[\x20-\x7e]+$/);
      };
      for (let at = 0; at < good.length; at++) {
        // HELLO's 72 zeros are no one's business: libzmq does not look at them either.
        if (name === "HELLO" && at >= 8 && at < 80) continue;
        const changed = Uint8Array.from(good);
        changed[at] ^= 1 << (at % 8);
        // The highest bit of an X25519 key does not count (RFC 7748).
        if (name === "HELLO" && at === 111) changed[at] = good[at] ^ 1;
        refused(changed, `octet ${at}`);
      }
      for (let length = 0; length < good.length; length += length < 20 ? 1 : 7)
        refused(good.slice(0, length), `cut to ${length}`);
      refused(Uint8Array.from(Buffer.concat([good, Uint8Array.of(0)])), "one octet more");
    });

    it(`${name}: the other commands in its place are unexpected`, () => {
      const { receive } = prepare();
      for (const [other, make] of Object.entries(COMMANDS)) {
        if (other === name) continue;
        assert.equal(failureOf(receive(make().good)).reason, "unexpected-command", other);
      }
      for (const body of ["", "00", "04 50494e47 0000", "07 4d455353414745 00"])
        assert.equal(failureOf(receive(hex(body))).reason, "unexpected-command");
    });

    it(`${name} of another connection is refused`, () => {
      const { receive } = prepare();
      if (name === "HELLO") return; // It begins a connection, and belongs to none yet.
      const other = shakeHands();
      const theirs = { WELCOME: other.welcome, INITIATE: other.initiate, READY: other.ready }[name] as Uint8Array;
      assert.equal(failureOf(receive(theirs)).reason, "cryptographic");
    });
  }

  it("a message with any one bit flipped, or cut anywhere, is refused, and the counter stays where it was", () => {
    const { fromClient, fromServer } = shakeHands();
    const good = Uint8Array.from(seal(fromClient, text("attack at dawn")));
    for (let at = 0; at < good.length; at++) {
      const changed = Uint8Array.from(good);
      changed[at] ^= 1 << (at % 8);
      assert.equal(fromServer.open(changed), null, `octet ${at}`);
      const expected = at < 8 ? "unexpected-command" : "cryptographic";
      // A counter that was turned back is told apart from a box that does not open.
      assert.ok([expected, "invalid-sequence"].includes(fromServer.failure.reason), `octet ${at}: ${fromServer.failure.reason}`);
    }
    for (let length = 0; length < good.length; length++) {
      assert.equal(fromServer.open(good.slice(0, length)), null, `cut to ${length}`);
      assert.equal(fromServer.failure.reason, length < 33 ? "malformed-sealed" : "cryptographic");
    }
    assert.equal(String(fromServer.open(good)), "attack at dawn");
  });

  it("a message that comes again, or after a later one, is refused; a gap is fine", () => {
    const { fromClient, fromServer } = shakeHands();
    const [one, two, three] = ["one", "two", "three"].map((each) => Uint8Array.from(seal(fromClient, text(each))));
    assert.equal(String(fromServer.open(one)), "one");
    assert.equal(fromServer.open(one), null);
    assert.equal(fromServer.failure.reason, "invalid-sequence");
    assert.equal(String(fromServer.open(three)), "three");
    assert.equal(fromServer.open(two), null);
    assert.equal(fromServer.failure.reason, "invalid-sequence");
  });

  it("a message of the other direction, or of another connection, is refused", () => {
    const here = shakeHands();
    const there = shakeHands();
    seal(here.fromServer, text("first"));
    assert.equal(here.fromServer.open(seal(here.fromServer, text("mirror"))), null);
    assert.equal(here.fromServer.failure.reason, "cryptographic");
    assert.equal(here.fromServer.open(seal(there.fromClient, text("elsewhere"))), null);
  });

  it("a vouch for another server is refused, which libzmq does not check", () => {
    const mallory = nacl.box.keyPair.fromSecretKey(fill(0x66));
    const server = makeServer();
    server.start(never);
    // The client means to talk to Mallory, who passes its vouch on: only the key in the vouch tells.
    const client = makeClient(listed(fill(0x33), fill(0xc0, 16)), mallory.publicKey);
    const honest = makeClient(listed(fill(0x33), fill(0xc0, 16)));
    client.start(never);
    const welcome = sent(server.onCommand(sent(honest.start(never))));
    const secret = fill(0x33);
    const serverText = nacl.box.open(
      new Uint8Array(welcome.subarray(24)),
      new Uint8Array(Buffer.concat([text("WELCOME-"), welcome.subarray(8, 24)])),
      SERVER.publicKey,
      secret,
    ) as Uint8Array;
    const serverKey = serverText.slice(0, 32);
    const vouch = nacl.box(
      new Uint8Array(Buffer.concat([nacl.box.keyPair.fromSecretKey(secret).publicKey, mallory.publicKey])),
      new Uint8Array(Buffer.concat([text("VOUCH---"), fill(0xc0, 16)])),
      serverKey,
      CLIENT.secretKey,
    );
    const inside = new Uint8Array(Buffer.concat([CLIENT.publicKey, fill(0xc0, 16), vouch]));
    const counter = hex("0000000000000002");
    const box = nacl.box(inside, new Uint8Array(Buffer.concat([text("CurveZMQINITIATE"), counter])), serverKey, secret);
    const initiate = Buffer.concat([Uint8Array.of(8), text("INITIATE"), serverText.slice(32), counter, box]);
    assert.equal(failureOf(server.onCommand(initiate)).reason, "key-exchange");
  });

  it("a key of low order, whose boxes anybody can make, is refused", () => {
    const server = makeServer();
    server.start(never);
    const hello = Uint8Array.from(sent(makeClient().start(never)));
    for (const key of [fill(0), Uint8Array.from([1, ...fill(0, 31)])]) {
      hello.set(key, 80);
      assert.equal(failureOf(server.onCommand(hello)).reason, "cryptographic");
    }
    assert.equal(failureOf(makeClient(undefined, fill(0)).start(never)).reason, "cryptographic");
  });
});

describe("CURVE: the end", () => {
  it("after close nothing is opened, and the keys in the heap are zero", () => {
    const { fromClient, fromServer } = shakeHands();
    const sealed = seal(fromClient, text("late"));
    fromServer.close();
    assert.equal(fromServer.open(sealed), null);
    assert.equal(fromServer.failure.reason, "disconnected");
    assert.throws(() => sealAll(fromServer, [plain({ body: text("x") })]));
    const key = sodium.secretKey(fill(0x77));
    const { pointer } = key;
    assert.equal(sodium.module.HEAPU8[pointer], 0x77);
    key.close();
    key.close();
    assert.ok(sodium.module.HEAPU8.subarray(pointer + 16, pointer + 32).every((octet) => octet === 0));
  });

  it("a frame larger than the heap's first areas passes, and the heap is given back", () => {
    const { fromClient, fromServer } = shakeHands();
    const body = new Uint8Array(20 * 1024 * 1024).fill(9);
    const opened = fromServer.open(seal(fromClient, body)) as Uint8Array;
    assert.ok(Buffer.from(opened).equals(body));
    const grown = sodium.module.HEAPU8.length;
    for (let i = 0; i < 5; i++) fromServer.open(seal(fromClient, body));
    assert.equal(sodium.module.HEAPU8.length, grown);
    assert.equal(String(fromServer.open(seal(fromClient, text("small again")))), "small again");
  });

  it("makes another nonce for each frame: counters rise by one from where the handshake ended", () => {
    const { fromClient, fromServer } = shakeHands();
    const counters = (transform: FrameTransform): number[] =>
      bodies(sealAll(transform, [plain({ body: text("a") }, { body: text("b") }), plain({ body: text("c") })])).map((each) =>
        Buffer.from(each).readUInt32BE(12),
      );
    assert.deepEqual(counters(fromClient), [3, 4, 5]);
    assert.deepEqual(counters(fromServer), [2, 3, 4]);
    assert.deepEqual(counters(fromClient), [6, 7, 8]);
  });
});
