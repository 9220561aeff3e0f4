// CURVE's guards one by one: INITIATEs made by hand with NaCl that are right but for one thing, and what must not be left in memory when a connection is
// over, well or not.

import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "node:test";
import { CurveBox } from "../../../src/security/curve-box.ts";
import { type NativeBox, Sodium } from "../../../src/security/sodium.ts";
import { encodeCommand, encodeMetadata } from "../../../src/zmtp/command.ts";
import { FLAG_COMMAND } from "../../../src/zmtp/frame-encoder.ts";
import { type Authority, type FrameTransform, fail, type Mechanism, type MechanismStep } from "../../../src/zmtp/mechanism.ts";
import { hex, text } from "../../support/bytes.ts";
import {
  CLIENT,
  failureOf,
  fill,
  listed,
  loadSodium,
  makeClient,
  makeServer,
  metadataOf,
  nacl,
  never,
  portable,
  readyOf,
  SERVER,
  sealAll,
  sent,
  shakeHands,
} from "../../support/curve.ts";
import { EngineProbe, frame, greeting, message as plain } from "../../support/engine-probe.ts";

let sodium: Sodium;
before(async () => {
  sodium = await loadSodium();
});

const own = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => own(Buffer.concat(parts));
const SECRET = fill(0x33);
const CONNECTION = nacl.box.keyPair.fromSecretKey(SECRET);
const MALLORY = nacl.box.keyPair.fromSecretKey(fill(0x66));

interface Forged {
  /** Whose key INITIATE names, and whose secret half makes the vouch. */
  readonly named?: Uint8Array;
  readonly signer?: Uint8Array;
  /** What the vouch says. */
  readonly connection?: Uint8Array;
  readonly server?: Uint8Array;
  readonly metadata?: Uint8Array;
}

/** The INITIATE that answers a WELCOME to `SECRET`, honest but for what is given. */
function initiate(welcome: Uint8Array, forged: Forged = {}): Uint8Array {
  const {
    named = CLIENT.publicKey,
    signer = CLIENT.secretKey,
    connection = CONNECTION.publicKey,
    server = SERVER.publicKey,
  } = forged;
  const { metadata = encodeMetadata(metadataOf("DEALER")) } = forged;
  const opened = nacl.box.open(
    own(welcome.subarray(24)),
    joined(text("WELCOME-"), welcome.subarray(8, 24)),
    SERVER.publicKey,
    SECRET,
  );
  assert.ok(opened);
  const serverKey = opened.slice(0, 32);
  const vouchNonce = fill(0xc0, 16);
  const vouch = nacl.box(joined(connection, server), joined(text("VOUCH---"), vouchNonce), serverKey, signer);
  const counter = hex("0000000000000002");
  const inside = joined(named, vouchNonce, vouch, metadata);
  const box = nacl.box(inside, joined(text("CurveZMQINITIATE"), counter), serverKey, SECRET);
  return encodeCommand("INITIATE", joined(opened.slice(32), counter, box));
}

/** A server that has greeted the connection of `SECRET`. */
function greeted(authority?: Authority): { server: ReturnType<typeof makeServer>; welcome: Uint8Array } {
  const server = makeServer(listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55)), authority);
  server.start(never);
  const client = makeClient(listed(SECRET, fill(0xc0, 16)));
  const welcome = sent(server.onCommand(sent(client.start(never))));
  client.close();
  greetedServers.push(server);
  return { server, welcome };
}

// Their keys must not be found by other tests.
const greetedServers: { close(): void }[] = [];
afterEach(() => {
  for (const server of greetedServers.splice(0)) server.close();
});

describe("CURVE: an INITIATE made by hand", () => {
  it("is taken when everything is right", () => {
    const { server, welcome } = greeted();
    readyOf(server.onCommand(initiate(welcome))).transform?.close();
  });

  for (const [what, forged, reason, said] of [
    ["names a key that its maker does not own", { named: MALLORY.publicKey }, "cryptographic", /does not own the key/],
    ["is vouched for by somebody else", { signer: MALLORY.secretKey }, "cryptographic", /does not own the key/],
    ["carries the vouch of another connection", { connection: MALLORY.publicKey }, "key-exchange", /another connection/],
    ["carries a vouch for another server", { server: MALLORY.publicKey }, "key-exchange", /another server/],
    ["has metadata that are none", { metadata: hex("ff6162") }, "invalid-metadata", /form no property/],
  ] as const)
    it(`that ${what} is refused, and nobody is asked about it`, () => {
      const nobody: Authority = {
        ask: (_mechanism, _credentials, answer) => {
          assert.equal(reason, "invalid-metadata", "asked about a peer that proved nothing");
          answer({ kind: "accept", userId: "", metadata: new Map() });
        },
        cancel: () => undefined,
      };
      const { server, welcome } = greeted(nobody);
      const failure = failureOf(server.onCommand(initiate(welcome, forged)));
      assert.equal(failure.reason, reason);
      assert.match(failure.text, said);
    });
});

describe("CURVE: the sizes of commands, right in everything else", () => {
  it("HELLO: 199 and 201 octets are told from a box that does not open", () => {
    const hello = sent(makeClient().start(never));
    for (const changed of [hello.slice(0, -1), joined(hello, Uint8Array.of(0))]) {
      const server = makeServer();
      server.start(never);
      assert.match(failureOf(server.onCommand(changed)).text, /^HELLO has (199|201) octets, 200 are right$/);
    }
  });

  it("INITIATE: less than 257 octets", () => {
    const { server, welcome } = greeted();
    const { reason, text: said } = failureOf(server.onCommand(initiate(welcome).slice(0, 256)));
    assert.deepEqual([reason, said], ["malformed-initiate", "INITIATE has 256 octets, 257 is the least"]);
  });

  it("WELCOME: one octet more; READY: less than its counter and a box", () => {
    const server = makeServer();
    server.start(never);
    const client = makeClient();
    const welcome = sent(server.onCommand(sent(client.start(never))));
    const longer = makeClient();
    longer.start(never);
    assert.equal(failureOf(longer.onCommand(joined(welcome, Uint8Array.of(0)))).reason, "malformed-welcome");
    sent(client.onCommand(welcome));
    assert.equal(failureOf(client.onCommand(encodeCommand("READY", new Uint8Array(23)))).reason, "malformed-ready");
  });

  it("a mechanism that is closed takes no command any more, and asks nobody", () => {
    let cancelled = 0;
    const { server, welcome } = greeted({ ask: () => undefined, cancel: () => cancelled++ });
    assert.equal(server.onCommand(initiate(welcome)).kind, "wait");
    server.close();
    assert.equal(cancelled, 1);
    const client = makeClient();
    const hello = sent(client.start(never));
    assert.equal(failureOf(server.onCommand(hello)).reason, "unexpected-command");
    const early = makeServer();
    early.start(never);
    early.close();
    assert.equal(failureOf(early.onCommand(hello)).reason, "unexpected-command");
    client.close();
    assert.equal(
      failureOf(client.onCommand(encodeCommand("ERROR", Uint8Array.of(3, 0x34, 0x30, 0x30)))).reason,
      "unexpected-command",
    );
  });
});

describe("CURVE: what the other side sends of low order, or too short", () => {
  it("a server's key of the connection that anybody can make boxes for is refused", () => {
    const client = makeClient(listed(SECRET, fill(0xc0, 16)));
    client.start(never);
    const nonce = fill(0xb0, 16);
    const inside = joined(fill(0), fill(7, 96));
    const box = nacl.box(inside, joined(text("WELCOME-"), nonce), CONNECTION.publicKey, SERVER.secretKey);
    const failure = failureOf(client.onCommand(encodeCommand("WELCOME", joined(nonce, box))));
    assert.equal(failure.reason, "cryptographic");
    assert.match(failure.text, /not a key that can be used/);
    client.close();
  });

  it("a box without room for its tag opens to nothing", () => {
    const key = sodium.secretKey(fill(1));
    for (const size of [0, 1, 15]) assert.equal(sodium.open(new Uint8Array(size), fill(2, 24), key), undefined);
    key.close();
  });
});

describe("an engine", () => {
  it("closes the mechanism when the handshake is over, well or not, and the transform when the link is gone, and after a failure", () => {
    const closed: string[] = [];
    const transform: FrameTransform = {
      flags: 0,
      failure: { reason: "cryptographic", text: "no" },
      maxSealedBytes: 1000,
      seal: (parts) => [...parts],
      open: () => null,
      close: () => closed.push("transform"),
    };
    const mechanism = (then: MechanismStep): Mechanism => ({
      name: "TEST",
      start: () => ({ kind: "listen" }),
      onCommand: () => then,
      close: () => closed.push("mechanism"),
    });
    const metadata = new Map([["Socket-Type", text("DEALER")]]);
    const ready: MechanismStep = { kind: "ready", metadata, metadataBytes: 20, transform };
    const command = frame(Uint8Array.of(1, 65), FLAG_COMMAND);
    const probe = (step: MechanismStep): EngineProbe => {
      closed.length = 0;
      return new EngineProbe({ mechanism: mechanism(step) }).feed(greeting({ mechanism: "TEST" }));
    };
    probe(ready).engine.close();
    assert.deepEqual(closed, ["mechanism"]);
    probe(fail("malformed-hello", "no")).feed(command);
    assert.deepEqual(closed, ["mechanism"]);
    const { engine } = probe(ready).feed(command);
    assert.deepEqual(closed, ["mechanism"], "as soon as the handshake is over");
    engine.close();
    assert.deepEqual(closed, ["mechanism", "transform"]);
    // The first frame of the traffic cannot be opened.
    probe(ready)
      .feed(command)
      .feed(frame(text("x")));
    assert.deepEqual(closed, ["mechanism", "transform"]);
  });
});

/** Whether the second half of these octets is in libsodium's heap: the first is the allocator's when it is free. */
const inHeap = (octets: Uint8Array): boolean =>
  Buffer.from(sodium.module.HEAPU8.buffer).includes(Buffer.from(octets.slice(16, 32)));

describe("CURVE: what is left when it is over", () => {
  const S1 = nacl.box.keyPair.fromSecretKey(fill(0x44));
  const keys = {
    "the client's key of the connection": SECRET,
    "the server's": fill(0x44),
    "the cookie's key": fill(0x55),
    "the key of HELLO and WELCOME": nacl.box.before(SERVER.publicKey, SECRET),
    "the key of the vouch": nacl.box.before(S1.publicKey, CLIENT.secretKey),
  };
  const session = nacl.box.before(S1.publicKey, SECRET);

  /** The octets that a mechanism asked for, in its own memory; and the texts that were sealed. */
  function watched(...values: readonly Uint8Array[]) {
    const given: Uint8Array[] = [];
    const { random } = listed(...values);
    const crypto = {
      ...portable,
      random(bytes: Uint8Array) {
        random(bytes);
        given.push(bytes);
      },
    };
    return { crypto, given };
  }
  const clientRandom = () => watched(SECRET, fill(0xc0, 16));
  const serverRandom = () => watched(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55));
  const isZero = (bytes: Uint8Array): boolean => bytes.every((octet) => octet === 0);

  it("of a handshake nothing but the key of its traffic, and of that nothing after the end", () => {
    const [ofClient, ofServer] = [clientRandom(), serverRandom()];
    const texts: Uint8Array[] = [];
    sodium.seal = (plainText, nonce, key) => {
      texts.push(plainText);
      return Sodium.prototype.seal.call(sodium, plainText, nonce, key);
    };
    const { client, server, fromClient, fromServer } = shakeHands(makeClient(ofClient.crypto), makeServer(ofServer.crypto));
    delete (sodium as Partial<Sodium>).seal;
    client.close();
    server.close();
    for (const [what, octets] of Object.entries(keys)) assert.equal(inHeap(octets), false, what);
    assert.equal(inHeap(session), true);
    fromClient.close();
    assert.equal(inHeap(session), true, "the other end's copy");
    fromServer.close();
    assert.equal(inHeap(session), false);
    assert.ok(isZero(ofClient.given[0]), "the client's secret key");
    assert.ok(isZero(ofServer.given[0]), "the server's secret key");
    assert.ok(isZero(ofServer.given[3]), "the cookie's key");
    const [, cookie] = texts;
    assert.equal(cookie.length, 64);
    assert.ok(isZero(cookie), "what was in the cookie");
  });

  for (const [at, until] of [
    ["HELLO", () => undefined],
    ["WELCOME", (server, _client, hello) => void server.onCommand(hello)],
    ["INITIATE", (server, client, hello) => void client.onCommand(sent(server.onCommand(hello)))],
  ] as readonly [
    string,
    (server: ReturnType<typeof makeServer>, client: ReturnType<typeof makeClient>, hello: Uint8Array) => void,
  ][])
    it(`of a handshake that ends after ${at} nothing`, () => {
      const [client, server] = [makeClient(clientRandom().crypto), makeServer(serverRandom().crypto)];
      server.start(never);
      until(server, client, sent(client.start(never)));
      client.close();
      server.close();
      for (const [what, octets] of Object.entries({ ...keys, session })) assert.equal(inHeap(octets), false, what);
    });

  it("of one that was refused nothing: its vouch, its metadata, its keys", () => {
    for (const forged of [{ signer: MALLORY.secretKey }, { metadata: hex("ff6162") }]) {
      const { server, welcome } = greeted();
      failureOf(server.onCommand(initiate(welcome, forged)));
      server.close();
      for (const octets of [session, nacl.box.before(S1.publicKey, CLIENT.secretKey)]) assert.equal(inHeap(octets), false);
    }
    const { server, welcome } = greeted();
    failureOf(server.onCommand(initiate(welcome).fill(0, 150)));
    server.close();
    assert.equal(inHeap(session), false);
    // The client's end: metadata of the server that are none.
    const client = makeClient(clientRandom().crypto);
    sent(client.start(never));
    sent(client.onCommand(welcome));
    const counter = hex("0000000000000001");
    const box = nacl.box(hex("ff6162"), joined(text("CurveZMQREADY---"), counter), CONNECTION.publicKey, fill(0x44));
    assert.equal(failureOf(client.onCommand(encodeCommand("READY", joined(counter, box)))).reason, "invalid-metadata");
    client.close();
    assert.equal(inHeap(session), false);
  });

  it("of what was sealed and opened for a handshake nothing, nor of secret keys that public ones were made of", () => {
    const key = sodium.secretKey(fill(0x71));
    const secret = fill(0x72, 64);
    const sealed = sodium.seal(secret, fill(9, 24), key);
    assert.equal(inHeap(secret), false);
    sodium.open(sealed, fill(9, 24), key);
    assert.equal(inHeap(secret), false);
    sodium.publicKey(fill(0x73));
    assert.equal(inHeap(fill(0x73)), false);
    sodium.sharedKey(SERVER.publicKey, fill(0x74))?.close();
    assert.equal(inHeap(fill(0x74)), false);
    assert.equal(sodium.sharedKey(fill(0), fill(0x75)), undefined);
    assert.equal(inHeap(fill(0x75)), false);
    assert.equal(inHeap(fill(0x71)), true);
    key.close();
    assert.equal(inHeap(fill(0x71)), false);
  });

  it("a key that is closed twice is given back once", () => {
    const { _free } = sodium.module;
    let freed = 0;
    const key = sodium.secretKey(fill(0x76));
    sodium.module._free = (pointer) => {
      if (pointer === key.pointer) freed++;
      _free(pointer);
    };
    key.close();
    key.close();
    sodium.module._free = _free;
    assert.equal(freed, 1);
  });

  it("the native library's copy of the key is zero too", () => {
    let copy: Uint8Array | undefined;
    const native: NativeBox = {
      seal: (_box, _text, _nonce, key) => {
        copy = key;
      },
      open: () => false,
    };
    const both = new Sodium(sodium.module, native);
    const box = new CurveBox(both, both.secretKey(fill(0x78)), "client", 0, 0);
    sealAll(box, [plain(new Uint8Array(5000))]);
    assert.deepEqual(copy && own(copy), fill(0x78));
    box.close();
    assert.ok(copy && isZero(copy));
  });
});
