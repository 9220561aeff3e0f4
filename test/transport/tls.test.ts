// tls+tcp: messages inside TLS in both directions, reconnection, and what certificates decide: trusted or not, by name, on both sides. CURVE and ZAP work
// inside it as on any stream.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { curveKeyPair, Dealer, Pull, Push, Reply, Request } from "../../src/node.ts";
import { certificates, noCertificates } from "../support/certificate.ts";
import { type Body, check, Events, own, receive } from "../support/harness.ts";

const it = (title: string, body: Body): void => check(`tls+tcp: ${title}`, body, noCertificates);
const ANY = "tls+tcp://127.0.0.1:*";

const server = () => ({ tls: { cert: certificates().certificate, key: certificates().key } });
const client = () => ({ tls: { ca: certificates().authority } });

it("small and large messages both ways, with the address in its own scheme", async (t) => {
  const listener = own(t, new Reply(server()));
  await listener.bind(ANY);
  assert.match(String(listener.lastEndpoint), /^tls\+tcp:\/\/127\.0\.0\.1:\d+$/);
  void listener.drain((question) => void listener.trySend(question));
  const dialler = own(t, new Request(client()));
  dialler.connect(listener.lastEndpoint as string);
  for (const size of [0, 1, 255, 256, 65_536, 3_000_000]) {
    await dialler.send(["head", Buffer.alloc(size, size)]);
    const [, body] = await dialler.receive({ timeout: 8000 });
    assert.ok(body.equals(Buffer.alloc(size, size)), `${size} octets`);
  }
  assert.match(dialler.peers()[0].address, /^tls\+tcp:\/\/127\.0\.0\.1:\d+$/);
});

it("what is on the wire is not what was sent", async (t) => {
  const listener = own(t, new Pull(server()));
  await listener.bind(ANY);
  const port = Number(String(listener.lastEndpoint).split(":").at(-1));
  const events = new Events(listener);
  // Without TLS nobody gets to see so much as a greeting.
  const raw = connect(port, "127.0.0.1");
  t.after(() => raw.destroy());
  let came = Buffer.alloc(0);
  raw.on("data", (chunk) => {
    came = Buffer.concat([came, chunk]);
  });
  raw.on("error", () => undefined);
  raw.write(Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3]));
  await events.next("accept:error");
  assert.ok(!came.includes(0x7f) || came[0] !== 0xff);
  assert.equal(events.of("accept").length, 0);
});

it("messages that wait survive a break, in order", async (t) => {
  const sender = own(t, new Push({ ...client(), reconnectInterval: 1 }));
  const first = own(t, new Pull(server()));
  await first.bind(ANY);
  const endpoint = first.lastEndpoint as string;
  sender.connect(endpoint);
  await sender.send("one");
  assert.deepEqual(await receive(first), ["one"]);
  const events = new Events(sender);
  await first.end(0);
  await events.next("disconnect");
  for (const each of ["two", "three"]) await sender.send(each);
  const second = own(t, new Pull(server()));
  await second.bind(endpoint);
  assert.deepEqual(await receive(second), ["two"]);
  assert.deepEqual(await receive(second), ["three"]);
});

it("a certificate that nobody vouches for, or of another name, is refused; unless told not to look", async (t) => {
  const listener = own(t, new Dealer(server()));
  await listener.bind(ANY);
  const endpoint = listener.lastEndpoint as string;
  for (const tls of [{}, { ca: certificates().authority, servername: "elsewhere.test" }]) {
    const dialler = own(t, new Dealer({ tls, reconnectInterval: -1 }));
    const events = new Events(dialler);
    dialler.connect(endpoint);
    const { error } = await events.next("close");
    assert.ok(error);
    assert.equal(error.reason, "tls-failed");
    assert.match(String((error.cause as NodeJS.ErrnoException).code), /SIGNATURE|SELF_SIGNED|ISSUER|ALTNAME/);
  }
  for (const tls of [{ rejectUnauthorized: false }, { ca: certificates().authority, servername: "example.test" }]) {
    const dialler = own(t, new Dealer({ tls }));
    dialler.connect(endpoint);
    await dialler.connected();
  }
});

it("a listener that asks for certificates takes only those it trusts", async (t) => {
  const { authority, certificate, key } = certificates();
  const listener = own(t, new Dealer({ tls: { cert: certificate, key, ca: authority, requestCert: true } }));
  await listener.bind(ANY);
  const events = new Events(listener);
  const stranger = own(t, new Dealer({ ...client(), reconnectInterval: -1 }));
  stranger.connect(listener.lastEndpoint as string);
  await events.next("accept:error");
  assert.equal(events.of("accept").length, 0);
  const known = own(t, new Dealer({ tls: { ca: authority, cert: certificate, key } }));
  known.connect(listener.lastEndpoint as string);
  await known.connected();
});

it("CURVE inside it", async (t) => {
  const keyPair = curveKeyPair();
  const listener = own(t, new Pull({ ...server(), curve: { keyPair, allow: "any" } }));
  await listener.bind(ANY);
  const dialler = own(t, new Push({ ...client(), curve: { serverKey: keyPair.publicKey } }));
  dialler.connect(listener.lastEndpoint as string);
  await dialler.send("twice sealed");
  assert.deepEqual(await receive(listener), ["twice sealed"]);
});

check("tls+tcp: a listener needs a certificate and its key", async (t) => {
  await assert.rejects(own(t, new Dealer()).bind(ANY), { code: "EINVAL", message: /cert, key/ });
  await assert.rejects(own(t, new Dealer({ tls: { cert: "x" } })).bind(ANY), { code: "EINVAL" });
});
