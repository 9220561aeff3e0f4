// Security as programs set it up (RFC 24, 25, 26 and 27; libzmq test_security_*): options and keys, `curve: { … }` with every form of `allow`, the
// authenticator, ZAP's statuses and faults, what reaches the application, and what must never be shown.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { inspect } from "node:util";
import {
  Authenticator,
  type AuthenticatorOptions,
  Context,
  type CurveAllow,
  type CurvePeer,
  curveKeyPair,
  curvePublicKey,
  Dealer,
  loadCertificate,
  Pull,
  Push,
  Request,
  Router,
  saveCertificate,
  z85,
} from "../../src/node.ts";
import { BRIEFLY, bound, check, Events, eventually, join2, own, receive } from "../support/harness.ts";
import { thread } from "../support/thread.ts";

type Options = ConstructorParameters<typeof Dealer>[0];

const server = curveKeyPair();
const client = curveKeyPair();
const stranger = curveKeyPair();
const asClient = (keyPair = client): Options => ({ curve: { serverKey: server.publicKey, keyPair } });
const asServer = (allow: CurveAllow): Options => ({ curve: { keyPair: server, allow } });

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), "zmtp-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
};

/** A context of the test's own, whose ZAP handler is nobody else's. */
const authenticated = (t: TestContext, options: AuthenticatorOptions): { context: Context; authenticator: Authenticator } => {
  const context = new Context();
  const authenticator = new Authenticator({ ...options, context });
  t.after(() => authenticator.close());
  return { context, authenticator };
};

/** Whether a client gets in: resolves with the user id that the server sees, or with the status of the refusal. */
async function attempt(t: TestContext, serverOptions: Options, clientOptions: Options): Promise<string | number> {
  const listener = own(t, new Dealer(serverOptions));
  const dialler = own(t, new Dealer(clientOptions));
  const events = new Events(listener);
  const refused = events.next("handshake:error:auth").then(({ error }) => error.status);
  refused.catch(() => undefined);
  const endpoint = await bound(listener);
  dialler.connect(endpoint);
  return Promise.race([events.next("handshake").then(({ peer }) => peer.userId), refused]);
}

// Options and keys ------------------------------------------------------------------------------------------------------------------------

check("the last security option decides, as with libzmq; the mechanism and every key can be read", (t) => {
  const socket = own(t, new Dealer());
  assert.equal(socket.securityMechanism, null);
  socket.plainServer = true;
  assert.deepEqual([socket.securityMechanism, socket.plainServer], ["plain", true]);
  socket.plainUsername = "joe";
  assert.deepEqual([socket.securityMechanism, socket.plainServer, socket.plainUsername], ["plain", false, "joe"]);
  socket.curveServer = true;
  assert.deepEqual([socket.securityMechanism, socket.curveServer, socket.plainServer], ["curve", true, false]);
  socket.curvePublicKey = client.publicKey;
  socket.curveSecretKey = client.secretKey;
  assert.equal(socket.curveServer, true);
  socket.curveServerKey = server.publicKey;
  assert.deepEqual(
    [socket.curveServer, socket.curvePublicKey, socket.curveSecretKey, socket.curveServerKey],
    [false, client.publicKey, client.secretKey, server.publicKey],
  );
  socket.plainPassword = null;
  assert.equal(socket.securityMechanism, null);
  socket.curveServer = false;
  assert.equal(socket.securityMechanism, null);
});

check("a key is 40 characters of Z85, 32 octets, or either with a NUL; the error of another shows nothing of it", (t) => {
  const socket = own(t, new Dealer());
  const octets = z85.decode(client.secretKey);
  for (const key of [
    client.secretKey,
    `${client.secretKey}\0`,
    octets,
    Buffer.from(client.secretKey),
    Buffer.from(`${client.secretKey}\0`),
  ]) {
    socket.curveSecretKey = null;
    socket.curveSecretKey = key as string;
    assert.equal(socket.curveSecretKey, client.secretKey);
  }
  const wrong = [
    "",
    client.secretKey.slice(1),
    `${client.secretKey}0`,
    client.secretKey.replace(/.$/, "~"),
    Buffer.alloc(31),
    5,
    {},
    true,
  ];
  for (const key of wrong) {
    assert.throws(
      () => {
        socket.curveSecretKey = key as string;
      },
      ({ code, message }: NodeJS.ErrnoException) => code === "EINVAL" && !message.includes(client.secretKey.slice(1, 9)),
    );
  }
});

check("test_sodium: keys are made and derived at once, as libzmq derives them", () => {
  assert.equal(client.publicKey.length, 40);
  assert.notEqual(client.secretKey, server.secretKey);
  assert.equal(curvePublicKey(client.secretKey), client.publicKey);
  assert.equal(curvePublicKey(z85.decode(client.secretKey)), client.publicKey);
  // The pair of libzmq's own tests.
  assert.equal(curvePublicKey("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"), "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
  assert.throws(() => curvePublicKey("short"), { code: "EINVAL" });
});

check("a client's public key is derived from its secret key where it is not set", async (t) => {
  const options = { curveServerKey: server.publicKey, curveSecretKey: client.secretKey };
  const allow = (peer: CurvePeer): boolean => peer.publicKey === client.publicKey;
  assert.equal(typeof (await attempt(t, asServer(allow), options)), "string");
});

check("what cannot work is refused at bind and connect, with what is missing", async (t) => {
  const cases: [Options, RegExp][] = [
    [{ curveServer: true }, /curveSecretKey/],
    [{ curveServerKey: server.publicKey }, /curveSecretKey/],
    [{ curvePublicKey: client.publicKey, curveSecretKey: client.secretKey }, /curveServerKey/],
    // This kills libzmq's process with the first peer.
    [{ plainServer: true, zapEnforceDomain: true }, /zapDomain/],
  ];
  for (const [options, missing] of cases) {
    const socket = own(t, new Dealer(options));
    await assert.rejects(socket.bind("tcp://127.0.0.1:*"), { code: "EINVAL", message: missing });
    assert.throws(() => socket.connect("tcp://127.0.0.1:9"), { code: "EINVAL", message: missing });
  }
});

check("`curve` of another form is EINVAL, and its error shows no key", () => {
  const { publicKey, secretKey } = client;
  const wrong: unknown[] = [
    5,
    {},
    { serverKey: "short" },
    { serverkey: server.publicKey },
    { keyPair: { publicKey, secretKey: "x" } },
    { keyPair: { publicKey } },
    { keyPair: server, allow: 5 },
    { keyPair: server, allow: ["short"] },
    { keyPair: server, allow: "everybody" },
    { serverKey: server.publicKey, allow: "any" },
  ];
  for (const curve of wrong) {
    assert.throws(
      () => new Dealer({ curve: curve as NonNullable<Options>["curve"] & object }),
      (error: NodeJS.ErrnoException) => error.code === "EINVAL" && !error.message.includes(secretKey),
      inspect(curve),
    );
  }
});

check("no secret is in an error, an event, or what console.log shows", async (t) => {
  const listener = own(t, new Dealer({ ...asServer("any"), plainPassword: null }));
  listener.curveServer = true;
  listener.curveSecretKey = server.secretKey;
  const dialler = own(t, new Dealer({ curve: { serverKey: stranger.publicKey, keyPair: client } }));
  const plain = own(t, new Dealer({ plainUsername: "joe", plainPassword: "hunter2hunter2" }));
  const events = [listener, dialler, plain].map((socket) => new Events(socket));
  const endpoint = await bound(listener);
  dialler.connect(endpoint);
  plain.connect(endpoint);
  await events[0].next("handshake:error:protocol", 2);
  const shown = [listener, dialler, plain, listener.context, ...events.flatMap(({ all }) => all)]
    .map((each) => inspect(each, { depth: 10, showHidden: true, getters: true }))
    .join("\n");
  const secrets = [server.secretKey, client.secretKey, "hunter2hunter2"];
  const octets = [server.secretKey, client.secretKey].map((key) => Buffer.from(z85.decode(key)).toString("hex").slice(0, 16));
  // Getters of options are read on purpose: `socket.curveSecretKey` gives the key to whoever asks for it by name.
  for (const secret of [...secrets.slice(2), ...octets, Buffer.from("hunter2hunter2").toString("hex").slice(0, 16)])
    assert.ok(!shown.includes(secret), secret);
  const logged = [listener, dialler, plain].map((socket) => inspect(socket)).join();
  for (const secret of secrets) assert.ok(!logged.includes(secret));
});

check("the octets of a socket's secret key are zero when it is closed; the caller's own are not touched", async (t) => {
  const mine = z85.decode(client.secretKey);
  const socket = own(t, new Dealer());
  socket.curveSecretKey = mine as unknown as string;
  const kept = socket._core.settings.security.secretKey as Uint8Array;
  assert.deepEqual([...kept], [...mine]);
  await socket.end();
  assert.ok(kept.every((octet) => octet === 0));
  assert.ok(mine.some((octet) => octet !== 0));
});

// allow -----------------------------------------------------------------------------------------------------------------------------------

check("three lines: a client with its server's key, a server with a set of keys", async (t) => {
  const listener = own(t, new Pull({ curve: { keyPair: server, allow: new Set([client.publicKey]) } }));
  const dialler = own(t, new Push({ curve: { serverKey: server.publicKey, keyPair: client } }));
  await join2(listener, dialler);
  await dialler.send("secret");
  assert.deepEqual(await receive(listener), ["secret"]);
  assert.equal(listener.peers()[0].peer.userId, client.publicKey);
});

check("a client without keys of its own gets a pair; `any` lets it in", async (t) => {
  const userId = await attempt(t, asServer("any"), { curve: { serverKey: server.publicKey } });
  assert.match(String(userId), /^.{40}$/);
});

check(
  "test_security_curve: allow as a set, a list, keys as octets; whom it has not is told 400 and does not come again",
  async (t) => {
    const octets = z85.decode(client.publicKey);
    for (const allow of [new Set([client.publicKey]), [client.publicKey], [octets], new Set([octets])]) {
      assert.equal(await attempt(t, asServer(allow), asClient()), client.publicKey);
      assert.equal(await attempt(t, asServer(allow), asClient(stranger)), 400);
    }
    const listener = own(t, new Dealer(asServer([])));
    const dialler = own(t, new Dealer({ ...asClient(), reconnectInterval: 1 }));
    const events = new Events(dialler);
    dialler.connect(await bound(listener));
    assert.equal((await events.next("handshake:error:auth")).error.status, 400);
    const { retry, reason } = await events.next("disconnect");
    assert.deepEqual([retry, reason], [false, "refused-by-peer"]);
  },
);

check("allow: a set that changes counts as it is when the peer comes", async (t) => {
  const allow = new Set<string>();
  assert.equal(await attempt(t, asServer(allow), asClient()), 400);
  allow.add(client.publicKey);
  assert.equal(await attempt(t, asServer(allow), asClient()), client.publicKey);
});

check("allow: a function is told the key and the address, may take its time, and may give a user id and metadata", async (t) => {
  const seen: CurvePeer[] = [];
  const listener = own(
    t,
    new Router(
      asServer(async (peer) => {
        seen.push(peer);
        await new Promise((resolve) => setImmediate(resolve));
        return { userId: "alice", metadata: { team: "blue", raw: Uint8Array.of(1) } };
      }),
    ),
  );
  const dialler = own(t, new Request(asClient()));
  await join2(listener, dialler);
  await dialler.send("hello");
  const { peer } = await listener.receiveFrom();
  assert.equal(peer.userId, "alice");
  assert.deepEqual(
    [String(peer.metadata.get("team")), peer.metadata.get("raw"), String(peer.metadata.get("Socket-Type"))],
    ["blue", Uint8Array.of(1), "REQ"],
  );
  assert.equal(seen[0].publicKey, client.publicKey);
  assert.match(seen[0].address, /^tcp:\/\/127\.0\.0\.1:\d+$/);
});

check("allow: only true lets in; a function that throws, or takes for ever, lets nobody in and hurts nothing", async (t) => {
  for (const answer of [false, undefined, null, 1, "yes"]) {
    assert.equal(
      await attempt(
        t,
        asServer(() => answer as boolean),
        asClient(),
      ),
      400,
    );
  }
  const failing: CurveAllow[] = [
    () => {
      throw new Error("broken");
    },
    () => Promise.reject(new Error("broken")),
  ];
  for (const allow of failing) assert.equal(await attempt(t, asServer(allow), asClient()), 500);
  const listener = own(t, new Dealer({ ...asServer(() => new Promise(() => undefined)), handshakeInterval: 50 }));
  const events = new Events(listener);
  own(t, new Dealer({ ...asClient(), reconnectInterval: -1 })).connect(await bound(listener));
  assert.equal((await events.next("handshake:error:other")).error.reason, "handshake-timeout");
});

check(
  "allow: a directory of certificates is read again when it changes; metadata reach the application; other files do no harm",
  async (t) => {
    const directory = folder(t);
    const options = asServer({ directory });
    writeFileSync(join(directory, "notes.txt"), "not a certificate");
    mkdirSync(join(directory, "empty"));
    assert.equal(await attempt(t, options, asClient()), 400);
    await saveCertificate(join(directory, "alice.key"), { ...client, secretKey: null, metadata: new Map([["name", "Alice"]]) });
    assert.equal(await attempt(t, options, asClient()), client.publicKey);
    assert.equal(await attempt(t, options, asClient(stranger)), 400);
    await saveCertificate(join(directory, "alice.key"), { ...stranger, secretKey: null, metadata: new Map() });
    assert.equal(await attempt(t, options, asClient()), 400);
    assert.equal(await attempt(t, options, asClient(stranger)), stranger.publicKey);
    assert.equal(await attempt(t, asServer({ directory: join(directory, "nowhere") }), asClient()), 500);
  },
);

check("a CURVE server that nobody told whom to let in says so, once", async (t) => {
  const warnings: string[] = [];
  const listen = (warning: Error): unknown => warnings.push(warning.message);
  process.on("warning", listen);
  t.after(() => process.off("warning", listen));
  for (let i = 0; i < 2; i++) {
    const listener = own(t, new Dealer({ curveServer: true, curveSecretKey: server.secretKey }));
    await join2(listener, own(t, new Dealer(asClient())));
  }
  await eventually(() => warnings.length > 0);
  assert.equal(warnings.filter((each) => /lets every client in/.test(each)).length, 1);
});

check("certificates: both files, 0600 for the secret one, read back whichever is named", async (t) => {
  for (const name of ["mycert.txt", "mycert.key"]) {
    const path = join(folder(t), name);
    const metadata = new Map([
      ["name", 'Bob "the" Builder'],
      ["email", "bob@example.org # no comment"],
    ]);
    await saveCertificate(path, { ...client, metadata });
    if (process.platform !== "win32") {
      assert.equal(statSync(`${path}_secret`).mode & 0o777, 0o600);
      assert.equal(statSync(path).mode & 0o022, 0);
    }
    assert.deepEqual(await loadCertificate(path), { ...client, metadata });
    assert.deepEqual(await loadCertificate(`${path}_secret`), { ...client, metadata });
    rmSync(`${path}_secret`);
    assert.deepEqual(await loadCertificate(path), { publicKey: client.publicKey, secretKey: null, metadata });
    rmSync(path);
    await assert.rejects(loadCertificate(path), { code: "ENOENT" });
  }
});

// ZAP and the authenticator ---------------------------------------------------------------------------------------------------------------

check("test_security_plain: the authenticator decides by name and password, from memory", async (t) => {
  const { context, authenticator } = authenticated(t, { plain: { admin: "s3same", empty: "" } });
  const decisions: unknown[] = [];
  authenticator.onDecision = ({ userId, status, mechanism }) => decisions.push([mechanism, userId, status]);
  const listener: Options = { plainServer: true, context };
  const login = (plainUsername: string, plainPassword: string): Options => ({ plainUsername, plainPassword });
  assert.equal(await attempt(t, listener, login("admin", "s3same")), "admin");
  assert.equal(await attempt(t, listener, login("admin", "s3sam")), 400);
  assert.equal(await attempt(t, listener, login("admin", "s3same ")), 400);
  assert.equal(await attempt(t, listener, login("nobody", "s3same")), 400);
  // An unknown name is not let in with the password that it has not.
  assert.equal(await attempt(t, listener, { plainUsername: "nobody" }), 400);
  assert.equal(await attempt(t, listener, { plainUsername: "empty" }), "empty");
  assert.deepEqual(decisions.slice(0, 2), [
    ["PLAIN", "admin", 200],
    ["PLAIN", "admin", 400],
  ]);
});

check("authenticator: PLAIN by a file, which is read again when it changed; a file that is gone lets nobody in", async (t) => {
  const file = join(folder(t), "passwords");
  writeFileSync(file, "# people\nadmin=s3same=x\n\nbroken line\n");
  const { context } = authenticated(t, { plain: { file } });
  const listener: Options = { plainServer: true, context };
  assert.equal(await attempt(t, listener, { plainUsername: "admin", plainPassword: "s3same=x" }), "admin");
  writeFileSync(file, "admin=other\n");
  assert.equal(await attempt(t, listener, { plainUsername: "admin", plainPassword: "s3same=x" }), 400);
  assert.equal(await attempt(t, listener, { plainUsername: "admin", plainPassword: "other" }), "admin");
  rmSync(file);
  assert.equal(await attempt(t, listener, { plainUsername: "admin", plainPassword: "other" }), 500);
});

check("authenticator: CURVE by its keys, and by domain", async (t) => {
  const { context, authenticator } = authenticated(t, { curve: [client.publicKey] });
  authenticator.curve([stranger.publicKey], "inner");
  const listener: Options = { curveServer: true, curveSecretKey: server.secretKey, context };
  assert.equal(await attempt(t, listener, asClient()), client.publicKey);
  assert.equal(await attempt(t, listener, asClient(stranger)), 400);
  assert.equal(await attempt(t, { ...listener, zapDomain: "inner" }, asClient(stranger)), stranger.publicKey);
  assert.equal(await attempt(t, { ...listener, zapDomain: "inner" }, asClient()), 400);
});

check(
  "test_security_null: the authenticator decides by address; allowed ones exclude all others; without a domain nobody is asked",
  async (t) => {
    const domain: Options = { zapDomain: "global" };
    assert.equal(await attempt(t, { ...domain, context: authenticated(t, {}).context }, {}), "");
    assert.equal(await attempt(t, { ...domain, context: authenticated(t, { deny: ["127.0.0.1"] }).context }, {}), 400);
    assert.equal(await attempt(t, { ...domain, context: authenticated(t, { deny: ["10.0.0.1"] }).context }, {}), "");
    assert.equal(
      await attempt(t, { ...domain, context: authenticated(t, { allow: ["127.0.0.1"], deny: ["127.0.0.1"] }).context }, {}),
      "",
    );
    const { context } = authenticated(t, { allow: ["10.0.0.1"] });
    assert.equal(await attempt(t, { ...domain, context }, {}), 400);
    assert.equal(await attempt(t, { context }, {}), "");
  },
);

check("authenticator: requests that are not as ZAP has them are refused or not answered, and hurt nothing", async (t) => {
  const { context } = authenticated(t, { plain: { joe: "word" }, curve: [client.publicKey] });
  const asker = own(t, new Dealer({ context, receiveTimeout: 5000, linger: 0 }));
  asker.connect("inproc://zeromq.zap.01");
  const ask = async (mechanism: string, ...credentials: (string | Uint8Array)[]): Promise<string[]> => {
    await asker.send(["", "1.0", "7", "domain", "10.0.0.7", "", mechanism, ...credentials]);
    const [, , id, status, , userId] = (await asker.receive()).map(String);
    assert.equal(id, "7");
    return [status, userId];
  };
  const key = z85.decode(client.publicKey);
  assert.deepEqual(await ask("PLAIN", "joe", "word"), ["200", "joe"]);
  assert.deepEqual(await ask("PLAIN", "joe", "wrong"), ["400", ""]);
  assert.deepEqual(await ask("PLAIN", "joe"), ["400", ""]);
  assert.deepEqual(await ask("PLAIN", "joe", "word", "more"), ["400", ""]);
  assert.deepEqual(await ask("CURVE", key), ["200", client.publicKey]);
  assert.deepEqual(await ask("CURVE", key.subarray(0, 28)), ["400", ""]);
  assert.deepEqual(await ask("CURVE", Buffer.concat([key, key])), ["400", ""]);
  assert.deepEqual(await ask("CURVE"), ["400", ""]);
  assert.deepEqual(await ask("KERBEROS"), ["400", ""]);
  // Neither of these gets an answer: the next one is to the last request.
  await asker.send(["x", "1.0", "8", "domain", "10.0.0.7", "", "NULL"]);
  await asker.send(["", "2.0", "9", "domain", "10.0.0.7", "", "NULL"]);
  assert.deepEqual(await ask("NULL"), ["200", ""]);
});

check("one handler per context", (t) => {
  const { context } = authenticated(t, {});
  assert.throws(() => new Authenticator({ context }), { code: "EADDRINUSE" });
});

/** Our own handler that answers with these frames. */
function scripted(t: TestContext, context: Context, answer: (request: string[]) => string[] | null): void {
  const handler = own(t, new Router({ context, linger: 0 }));
  handler.bindSync("inproc://zeromq.zap.01");
  void handler.drain(([id, delimiter, ...request]) => {
    const frames = answer(request.map(String));
    if (frames !== null) handler.trySend([id, delimiter, ...frames]);
  });
}

const ZAP_FAULTS: Readonly<Record<string, readonly [frames: readonly string[], code: string]>> = {
  "no frames": [[], "ERR_ZAP_MALFORMED_REPLY"],
  "one frame less": [["1.0", "1", "200", "OK", ""], "ERR_ZAP_MALFORMED_REPLY"],
  "one frame more": [["1.0", "1", "200", "OK", "", "", "x"], "ERR_ZAP_MALFORMED_REPLY"],
  "another version": [["2.0", "1", "200", "OK", "", ""], "ERR_ZAP_BAD_VERSION"],
  "another request's id": [["1.0", "2", "200", "OK", "", ""], "ERR_ZAP_BAD_REQUEST_ID"],
  "a status that is none": [["1.0", "1", "600", "OK", "", ""], "ERR_ZAP_INVALID_STATUS_CODE"],
  "metadata that are none": [["1.0", "1", "200", "OK", "", "\x05abc"], "ERR_ZAP_INVALID_METADATA"],
};

for (const [what, [frames, code]] of Object.entries(ZAP_FAULTS)) {
  for (const [mechanism, serverOptions, clientOptions] of [
    ["NULL", { zapDomain: "x" }, {}],
    ["PLAIN", { plainServer: true }, { plainUsername: "a", plainPassword: "b" }],
    ["CURVE", { curveServer: true, curveSecretKey: server.secretKey }, asClient()],
  ] as const) {
    check(`test_security_zap: ${mechanism}: a reply with ${what} is ${code}, and the peer stays outside`, async (t) => {
      const context = new Context();
      scripted(t, context, () => [...frames]);
      const listener = own(t, new Dealer({ ...serverOptions, context }));
      const events = new Events(listener);
      own(t, new Dealer({ ...clientOptions, reconnectInterval: -1 })).connect(await bound(listener));
      assert.equal((await events.next("handshake:error:protocol")).error.code, code);
      assert.deepEqual(events.of("handshake"), []);
    });
  }
}

check(
  "test_security_zap: a handler that goes away before its answer is EPIPE; one that never answers ends with the handshake's time",
  async (t) => {
    const context = new Context();
    const handler = own(t, new Router({ context, linger: 0 }));
    await handler.bind("inproc://zeromq.zap.01");
    const listener = own(t, new Dealer({ plainServer: true, context, handshakeInterval: 300 }));
    const events = new Events(listener);
    const dialler = own(t, new Dealer({ plainUsername: "a", plainPassword: "b", reconnectInterval: 1 }));
    dialler.connect(await bound(listener));
    assert.equal((await events.next("handshake:error:other")).error.reason, "handshake-timeout");
    await handler.receive();
    await handler.receive();
    handler.close();
    assert.equal((await events.next("handshake:error:other", 2)).error.code, "EPIPE");
  },
);

check(
  "test_security_no_zap_handler: PLAIN needs one (EFAULT); NULL with a domain only if it is enforced; CURVE too",
  async (t) => {
    const failing = async (options: Options, other: Options): Promise<string> => {
      const listener = own(t, new Dealer({ ...options, context: new Context() }));
      const events = new Events(listener);
      own(t, new Dealer({ ...other, reconnectInterval: -1 })).connect(await bound(listener));
      return (await events.next("handshake:error:other")).error.code;
    };
    const curve = { curveServer: true, curveSecretKey: server.secretKey };
    assert.equal(await failing({ plainServer: true }, { plainUsername: "a" }), "EFAULT");
    assert.equal(await failing({ zapDomain: "x", zapEnforceDomain: true }, {}), "EFAULT");
    assert.equal(await failing({ ...curve, zapDomain: "x", zapEnforceDomain: true }, asClient()), "EFAULT");
    assert.equal(await attempt(t, { zapDomain: "x", context: new Context() }, {}), "");
    assert.equal(await attempt(t, { ...curve, zapDomain: "x", context: new Context() }, asClient()), client.publicKey);
    // Enforced, but without a domain: ZAP is skipped, as by libzmq.
    assert.equal(await attempt(t, { ...curve, zapEnforceDomain: true, context: new Context() }, asClient()), client.publicKey);
  },
);

check(
  "status 300: the client is told nothing and tries again after its time; it gets in when the handler has changed its mind",
  async (t) => {
    const context = new Context();
    let status = "300";
    scripted(t, context, () => ["1.0", "1", status, "later", "", ""]);
    const listener = own(t, new Dealer({ plainServer: true, context }));
    const dialler = own(t, new Dealer({ plainUsername: "a", handshakeInterval: 60, reconnectInterval: 1 }));
    const events = new Events(listener);
    const theirs = new Events(dialler);
    dialler.connect(await bound(listener));
    assert.equal((await events.next("handshake:error:auth")).error.status, 300);
    assert.equal(theirs.of("handshake:error:auth").length, 0);
    status = "200";
    await theirs.next("handshake");
    assert.equal(theirs.of("handshake:error:auth").length, 0);
  },
);

check(
  "test_metadata: User-Id and the handler's properties reach the application with each message, through a ROUTER and after a reconnection",
  async (t) => {
    const context = new Context();
    let count = 0;
    scripted(t, context, () => [
      "1.0",
      "1",
      "200",
      "OK",
      `user${++count}`,
      "\x05Hello\0\0\0\x05World\x0bSocket-Type\0\0\0\x03OWN",
    ]);
    const listener = own(t, new Router({ plainServer: true, context }));
    const dialler = own(t, new Dealer({ plainUsername: "a", metadata: "X-mine:1", reconnectInterval: 1 }));
    await join2(listener, dialler);
    await dialler.send(["one", "two"]);
    const { peer } = await listener.receiveFrom();
    assert.equal(peer.userId, "user1");
    // What the handler says comes before what the peer says of itself.
    assert.deepEqual(
      ["Hello", "X-mine", "Socket-Type", "Nothing"].map((name) => peer.metadata.get(name)?.toString()),
      ["World", "1", "OWN", undefined],
    );
    const events = new Events(dialler);
    listener.disconnectPeer(peer);
    await events.next("handshake");
    await dialler.send("again");
    assert.equal((await listener.receiveFrom()).peer.userId, "user2");
  },
);

check(
  "test_security_plain, test_security_curve: two servers, two clients, or another mechanism do not get together",
  async (t) => {
    const { context } = authenticated(t, { plain: { a: "b" }, curve: "any" });
    const plainClient: Options = { plainUsername: "a", plainPassword: "b" };
    const plainServer: Options = { plainServer: true, context };
    const curveServer: Options = { ...asServer("any"), context };
    const pairs: [Options, Options][] = [
      [plainServer, plainServer],
      [plainClient, plainClient],
      [curveServer, curveServer],
      [asClient(), asClient()],
      [plainServer, {}],
      [curveServer, {}],
      [curveServer, plainClient],
      [{}, asClient()],
    ];
    for (const [left, right] of pairs) {
      const listener = own(t, new Dealer({ ...left, handshakeInterval: 100 }));
      const dialler = own(t, new Dealer({ ...right, handshakeInterval: 100, reconnectInterval: -1 }));
      const events = new Events(listener);
      dialler.connect(await bound(listener));
      await Promise.race([events.next("handshake:error:protocol"), events.next("handshake:error:other")]);
      assert.deepEqual([events.of("handshake").length, dialler.peers().filter(({ state }) => state === "ready").length], [0, 0]);
    }
  },
);

check("a failing or dying peer of a secured listener disturbs no other", async (t) => {
  const listener = own(t, new Router(asServer([client.publicKey])));
  const endpoint = await bound(listener);
  const good = own(t, new Request(asClient()));
  good.connect(endpoint);
  await good.connected();
  const bad = Array.from({ length: 20 }, () => own(t, new Dealer({ ...asClient(stranger), reconnectInterval: -1 })));
  for (const socket of bad) socket.connect(endpoint);
  for (let i = 0; i < 20; i++) {
    await good.send(`${i}`);
    const [id, empty, body] = await listener.receive();
    await listener.send([id, empty, body]);
    assert.deepEqual(await receive(good), [`${i}`]);
  }
  await new Promise((resolve) => setTimeout(resolve, BRIEFLY));
  assert.equal(listener.peers().length, 1);
});

check("CURVE and PLAIN over ws: each mechanism is its own sub-protocol, and the frames are sealed as on a stream", async (t) => {
  const listener = own(t, new Router(asServer([client.publicKey])));
  await listener.bind("ws://127.0.0.1:*");
  const endpoint = listener.lastEndpoint as string;
  const dialler = own(t, new Dealer(asClient()));
  dialler.connect(endpoint);
  for (const size of [0, 1, 300, 70_000]) {
    await dialler.send(["frame", Buffer.alloc(size, 7)]);
    const [id, , body] = await listener.receive({ timeout: 5000 });
    assert.equal(body.length, size);
    await listener.send([id, body]);
    assert.ok((await dialler.receive({ timeout: 5000 }))[0].equals(Buffer.alloc(size, 7)));
  }
  const { context } = authenticated(t, { plain: { a: "b" } });
  const plain = own(t, new Pull({ plainServer: true, context }));
  await plain.bind("ws://127.0.0.1:*");
  const push = own(t, new Push({ plainUsername: "a", plainPassword: "b" }));
  push.connect(plain.lastEndpoint as string);
  await push.send("hello");
  assert.deepEqual(await receive(plain), ["hello"]);
  // Without a mechanism there is no common sub-protocol.
  const open = own(t, new Dealer({ reconnectInterval: -1 }));
  const events = new Events(open);
  open.connect(endpoint);
  await events.next("close");
});

check("ZAP: the handler may be in another thread of the process", async (t) => {
  const handler = thread(
    t,
    async ({ zmtp, tell }) => {
      const reply = new zmtp.Reply({ linger: 0 });
      await reply.bind("inproc://zeromq.zap.01");
      tell("bound");
      for await (const request of reply) {
        tell(request.slice(2).map(String));
        const right = String(request[7]) === "s3same";
        await reply.send(["1.0", request[1], right ? "200" : "400", "", right ? "from the thread" : "", ""]);
      }
    },
    null,
  );
  assert.equal(await handler.told(), "bound");
  assert.equal(await attempt(t, { plainServer: true }, { plainUsername: "joe", plainPassword: "s3same" }), "from the thread");
  assert.deepEqual(await handler.told(), ["", "127.0.0.1", "", "PLAIN", "joe", "s3same"]);
  assert.equal(await attempt(t, { plainServer: true }, { plainUsername: "joe", plainPassword: "wrong" }), 400);
});
