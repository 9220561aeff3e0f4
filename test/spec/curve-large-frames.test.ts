// Frames that CURVE cannot encrypt (libzmq allocates what it is told to): our own are refused at the call, a peer's when they are announced, and where
// memory is short the connection ends with an event. Nothing is thrown into a call, nothing later is lost.

import assert from "node:assert/strict";
import { before } from "node:test";
import { curveKeyPair, Dealer } from "../../src/node.ts";
import { Sodium } from "../../src/security/sodium.ts";
import { MAX_SEALED_BODY_BYTES } from "../../src/zmtp/mechanism.ts";
import { loadSodium } from "../support/curve.ts";
import { bound, check, Events, own, receive } from "../support/harness.ts";

const server = curveKeyPair();
const asServer = { curve: { keyPair: server, allow: "any" }, linger: 0 } as const;
const asClient = { curve: { serverKey: server.publicKey }, linger: 0 } as const;

before(loadSodium);

// Memory that nobody touches costs nothing.
const large = (): Uint8Array => new Uint8Array(MAX_SEALED_BODY_BYTES + 1);

check("a frame above 1 GiB: send rejects and trySend throws, with EMSGSIZE; the connection goes on", async (t) => {
  const listener = own(t, new Dealer(asServer));
  const dialler = own(t, new Dealer(asClient));
  dialler.connect(await bound(listener));
  await dialler.connected();
  const refused = { code: "EMSGSIZE", reason: "frame-too-large", message: /1073741825 bytes .* 1073741824 is the most/ };
  await assert.rejects(dialler.send(large()), refused);
  await assert.rejects(dialler.send(["head", large()]), refused);
  assert.throws(() => dialler.trySend(large()), refused);
  assert.throws(() => dialler.sendSync(large()), refused);
  await dialler.send("small");
  assert.deepEqual(await receive(listener), ["small"]);
  assert.equal(dialler.stats().dropped["no-crypto-memory"], undefined);
});

check("on a socket without CURVE the same frame is no fault of the call", async (t) => {
  const dialler = own(t, new Dealer({ linger: 0 }));
  await assert.rejects(dialler.send(large(), { timeout: 0 }), { code: "EAGAIN" });
});

/** While this lasts there is no memory for frames beyond the heap's own. */
function scarce(allowed: number, work: () => Promise<unknown>): Promise<unknown> {
  const sodium = Sodium.loaded as Sodium;
  const { work: usual } = Sodium.prototype;
  sodium.work = (bytes) => (bytes > allowed ? undefined : usual.call(sodium, bytes));
  return work().finally(() => {
    delete (sodium as Partial<Sodium>).work;
  });
}

check(
  "no memory to encrypt: that message is dropped and its connection ends, both with an event; the next one goes on",
  async (t) => {
    const listener = own(t, new Dealer(asServer));
    const dialler = own(t, new Dealer({ ...asClient, reconnectInterval: 1 }));
    const events = new Events(dialler);
    dialler.connect(await bound(listener));
    await dialler.connected();
    await scarce(100_000, async () => {
      for (let i = 0; i < 3; i++) await dialler.send(Buffer.alloc(1_000_000));
      assert.equal((await events.next("drop")).reason, "no-crypto-memory");
      assert.equal((await events.next("disconnect")).reason, "no-crypto-memory");
    });
    const lost = dialler.stats().dropped["no-crypto-memory"] ?? 0;
    await dialler.send("after");
    for (let i = lost; i < 3; i++) assert.equal((await listener.receive({ timeout: 5000 }))[0].length, 1_000_000);
    assert.deepEqual(await receive(listener), ["after"]);
  },
);

check("no memory to decrypt: the sender's connection ends with an event that says so", async (t) => {
  const listener = own(t, new Dealer(asServer));
  const dialler = own(t, new Dealer({ ...asClient, reconnectInterval: -1 }));
  const events = new Events(listener);
  dialler.connect(await bound(listener));
  await dialler.connected();
  await dialler.send("first");
  assert.deepEqual(await receive(listener), ["first"]);
  const sodium = Sodium.loaded as Sodium;
  // A process has one heap: what is sealed while it is short would fail too.
  const usual = Sodium.prototype.work;
  let sealed = false;
  sodium.work = (bytes) => {
    if (bytes < 100_000) return usual.call(sodium, bytes);
    if (sealed) return undefined;
    sealed = true;
    return usual.call(sodium, bytes);
  };
  t.after(() => delete (sodium as Partial<Sodium>).work);
  await dialler.send(Buffer.alloc(300_000));
  const { reason, error } = await events.next("disconnect");
  assert.equal(reason, "no-crypto-memory");
  assert.match(error?.message ?? "", /no memory to decrypt a frame of 300000 bytes/);
});
