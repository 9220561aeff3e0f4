// CURVE and PLAIN with libzmq, both sides the server, both sides bound, over tcp and ipc: messages of every form both ways, subscriptions, heartbeats, a
// restart, wrong keys, and what a ZAP handler answers. One file for each peer runs it.
//
// A ZAP handler of theirs is a REP of the peer that the test answers through, frame by frame; one of ours is a REP too.

import assert from "node:assert/strict";
import { decode } from "../../src/base/z85.ts";
import { curveKeyPair, Reply } from "../../src/node.ts";
import {
  boundTo,
  deadline,
  newEndpoint,
  nextEvent,
  type OurOptions,
  receiveAll,
  sendAll,
  TRANSPORTS,
  type Transport,
} from "../support/ours.ts";
import { frame, framesOf, reportOf, text } from "../support/pattern.ts";
import type { PeerOptions, PeerSocket } from "../support/peer.ts";
import type { PeerKind } from "../support/peers.ts";
import { SIDES, type Stage, withPeer } from "../support/with-peer.ts";

const KIB = 1024;
/** Sizes around what short and long frames, the heap's areas and the copies treat differently; CURVE adds 33 octets. */
const SIZES = [0, 1, 47, 48, 222, 223, 255, 256, 511, 512, 1999, 2000, 2001, 64 * KIB, 300 * KIB, 5 * KIB * KIB];
const MESSAGES = [
  ...SIZES.map((size) => frame(size)),
  [frame(0), frame(1)].join(","),
  SIZES.map((size) => frame(size)).join(","),
  "p7:1*1000",
  text("last"),
];
const REPORTS = MESSAGES.map(reportOf);

type Keys = ReturnType<typeof curveKeyPair>;

/** Binds their handler's name, which a socket of theirs that was closed before may give free a moment late. */
async function takeZap(zap: PeerSocket): Promise<void> {
  for (const { signal } = deadline(); ; ) {
    try {
      await zap.bind(ZAP);
      return;
    } catch (error) {
      if (signal.aborted || !/in use/i.test(String(error))) throw error;
    }
  }
}
const hex = (key: string): string => `x${Buffer.from(decode(key)).toString("hex")}`;
const hexText = (value: string): string => `x${Buffer.from(value).toString("hex")}`;

const server = curveKeyPair();
const client = curveKeyPair();

const ourCurveServer: OurOptions = { curve: { keyPair: server, allow: "any" } };
const ourCurveClient = (keys: Keys = client, serverKey = server.publicKey): OurOptions => ({
  curvePublicKey: keys.publicKey,
  curveSecretKey: keys.secretKey,
  curveServerKey: serverKey,
});
const theirCurveServer: PeerOptions = { curveServer: true, curveSecretKey: hex(server.secretKey) };
const theirCurveClient = (keys: Keys = client, serverKey = server.publicKey): PeerOptions => ({
  curvePublicKey: hex(keys.publicKey),
  curveSecretKey: hex(keys.secretKey),
  curveServerKey: hex(serverKey),
});
const PLAIN_CLIENT = { name: "admin", password: "s3same" };
const theirPlainClient: PeerOptions = {
  plainUsername: hexText(PLAIN_CLIENT.name),
  plainPassword: hexText(PLAIN_CLIENT.password),
};
const ourPlainClient: OurOptions = { plainUsername: PLAIN_CLIENT.name, plainPassword: PLAIN_CLIENT.password };

const ZAP = "inproc://zeromq.zap.01";

/** Answers one request at a handler of the peer's; resolves with the request's frames in hexadecimal. */
async function theyDecide(zap: PeerSocket, status: string, userId = ""): Promise<string[]> {
  const [request] = await zap.receive();
  await zap.send([hexText("1.0"), hexText("1"), hexText(status), "x", hexText(userId), "x"].join(","));
  return request.split(",");
}

/** A handler of ours that gives everybody this status; resolves `asked` with each request. */
function weDecide(stage: Stage, status: string): { readonly asked: string[][] } {
  const asked: string[][] = [];
  const handler = new Reply({ linger: 0 });
  stage.defer(() => void handler.close());
  handler.bindSync(ZAP);
  void handler.drain((request) => {
    asked.push(request.map(String));
    void handler.send(["1.0", request[1], status, "", "", ""]);
  });
  return { asked };
}

// libzmq does not answer status 300. Mostly it leaves the client waiting; in about one of six runs version 4.3.4 closes the connection within
// milliseconds of the handler's reply. Both are seen here, and both say nothing to the client.
const SILENT: readonly string[] = ["handshake-timeout", "peer-closed", "connection-lost"];

export function security(kind: PeerKind, transports: readonly Transport[] = TRANSPORTS): void {
  withPeer(kind, "CURVE", (test) => {
    for (const transport of transports) {
      for (const binder of SIDES) {
        for (const weServe of [true, false]) {
          test(`${transport}: ${weServe ? "we are" : "they are"} the server, ${binder} binds: messages both ways`, async (stage) => {
            const ours = stage.ours("DEALER", weServe ? ourCurveServer : ourCurveClient());
            const theirs = await stage.theirs("DEALER", weServe ? theirCurveClient() : theirCurveServer);
            await stage.join(ours, theirs, binder, transport);
            const [got] = await Promise.all([theirs.receive(MESSAGES.length), sendAll(ours, ...MESSAGES)]);
            assert.deepEqual(got, REPORTS);
            const [back] = await Promise.all([receiveAll(ours, MESSAGES.length), theirs.send(...MESSAGES)]);
            assert.deepEqual(back, REPORTS);
          });
        }
      }
    }

    for (const weServe of [true, false]) {
      const who = weServe ? "we are" : "they are";

      test(`${who} the server: a flood both ways at once`, async (stage) => {
        const ours = stage.ours("DEALER", weServe ? ourCurveServer : ourCurveClient());
        const theirs = await stage.theirs("DEALER", weServe ? theirCurveClient() : theirCurveServer);
        await stage.join(ours, theirs, "ours");
        const count = 20_000;
        const [filler] = framesOf("p20:0");
        const send = async (): Promise<void> => {
          for (let i = 0; i < count; i++) {
            const body = Buffer.from(filler);
            body.writeUInt32BE(i);
            await ours.send(body);
          }
        };
        const receive = async (): Promise<void> => {
          for (let i = 0; i < count; i++) assert.equal((await ours.receive())[0].readUInt32BE(), i);
        };
        await Promise.all([theirs.flow(count, count, 20), send(), receive()]);
      });

      test(`${who} the server: we publish to their subscription, and they to ours`, async (stage) => {
        const pub = stage.ours("XPUB", weServe ? ourCurveServer : ourCurveClient());
        const sub = await stage.theirs("SUB", weServe ? theirCurveClient() : theirCurveServer);
        await stage.join(pub, sub, "ours");
        await sub.subscribe(hexText("a"));
        assert.deepEqual(await receiveAll(pub), [hexText("\x01a")]);
        await sendAll(pub, text("no"), text("a1"));
        assert.deepEqual(await sub.receive(), [hexText("a1")]);

        const ourSub = stage.ours("SUB", weServe ? ourCurveServer : ourCurveClient());
        const theirPub = await stage.theirs("XPUB", weServe ? theirCurveClient() : theirCurveServer);
        await stage.join(ourSub, theirPub, "ours");
        ourSub.subscribe("b");
        assert.deepEqual(await theirPub.receive(), [hexText("\x01b")]);
        await theirPub.send(text("no"), text("b1"));
        assert.deepEqual(await receiveAll(ourSub), [hexText("b1")]);
        ourSub.unsubscribe("b");
        assert.deepEqual(await theirPub.receive(), [hexText("\x00b")]);
      });

      test(`${who} the server: heartbeats are encrypted and keep the link`, async (stage) => {
        const beats = { heartbeatInterval: 10, heartbeatTimeout: 2000 };
        const ours = stage.ours("DEALER", { ...(weServe ? ourCurveServer : ourCurveClient()), ...beats });
        const theirs = await stage.theirs("DEALER", { ...(weServe ? theirCurveClient() : theirCurveServer), ...beats });
        await stage.join(ours, theirs, "ours");
        const before = ours.stats().bytesReceived;
        while (ours.stats().bytesReceived < before + 400) await new Promise((resolve) => setTimeout(resolve, 5));
        await sendAll(ours, text("still"));
        assert.deepEqual(await theirs.receive(), [hexText("still")]);
      });

      test(`${who} the server: after a break the next connection has keys of its own, and nothing is lost or comes twice`, async (stage) => {
        const ours = stage.ours("DEALER", { ...(weServe ? ourCurveServer : ourCurveClient()), reconnectInterval: 1 });
        const options = weServe ? theirCurveClient() : theirCurveServer;
        const peer = await stage.start();
        const first = await peer.socket("DEALER", { events: true, ...options });
        const bound = await first.bind(await newEndpoint("tcp"));
        ours.connect(bound);
        await ours.connected(1, deadline());
        await sendAll(ours, text("one"));
        assert.deepEqual(await first.receive(), [hexText("one")]);
        const gone = nextEvent(ours, "disconnect");
        await peer.kill();
        await gone;
        await sendAll(ours, text("two"), frame(5000), text("three"));
        const again = await stage.start();
        const second = await again.socket("DEALER", { events: true, ...options });
        await second.bind(bound);
        assert.deepEqual(await second.receive(3), [text("two"), frame(5000), text("three")].map(reportOf));
      });
    }

    test("we are the server: a client with the wrong server key is refused with an event on our side", async (stage) => {
      const ours = stage.ours("DEALER", ourCurveServer);
      await ours.bind(await newEndpoint("tcp"));
      const failed = nextEvent(ours, "handshake:error:protocol");
      const theirs = await stage.theirs("DEALER", theirCurveClient(client, client.publicKey));
      await theirs.connect(boundTo(ours));
      assert.equal((await failed).error.code, "ERR_ZMTP_CRYPTOGRAPHIC");
    });

    test("they are the server: with the wrong server key they refuse us", async (stage) => {
      const theirs = await stage.theirs("DEALER", theirCurveServer);
      const endpoint = await theirs.bind(await newEndpoint("tcp"));
      const ours = stage.ours("DEALER", ourCurveClient(client, client.publicKey));
      ours.connect(endpoint);
      await theirs.event("handshake:error:protocol");
    });

    test("a peer without security is refused, whoever is the server", async (stage) => {
      const ours = stage.ours("DEALER", ourCurveServer);
      await ours.bind(await newEndpoint("tcp"));
      // libzmq may see the difference before its own greeting is out, and then only closes; and it does not try again.
      const failed = nextEvent(ours, "handshake:error:protocol", "handshake:error:other");
      const plain = await stage.theirs("DEALER");
      await plain.connect(boundTo(ours));
      const { type, error } = await failed;
      if (type === "handshake:error:protocol") assert.equal(error.code, "ERR_ZMTP_MECHANISM_MISMATCH");
      else assert.ok(["peer-closed", "connection-lost"].includes(error.reason), error.reason);
      const theirs = await stage.theirs("DEALER", theirCurveServer);
      const unprotected = stage.ours("DEALER");
      const refused = nextEvent(unprotected, "handshake:error:protocol");
      unprotected.connect(await theirs.bind(await newEndpoint("tcp")));
      assert.equal((await refused).error.code, "ERR_ZMTP_MECHANISM_MISMATCH");
    });

    test("our ZAP handler lets their client in by its key, and the user id reaches the application", async (stage) => {
      const { asked } = weDecide(stage, "200");
      const ours = stage.ours("DEALER", { ...ourCurveServer, zapDomain: "global" });
      const theirs = await stage.theirs("DEALER", theirCurveClient());
      await stage.join(ours, theirs, "ours");
      assert.deepEqual(asked[0].slice(2, 6), ["global", "127.0.0.1", "", "CURVE"]);
      assert.equal(ours.peers()[0].peer.userId, client.publicKey);
    });

    for (const status of ["300", "400", "500"]) {
      test(`our ZAP handler answers ${status}: their client is told, or left waiting, as by libzmq`, async (stage) => {
        weDecide(stage, status);
        const ours = stage.ours("DEALER", { ...ourCurveServer });
        await ours.bind(await newEndpoint("tcp"));
        const failed = nextEvent(ours, "handshake:error:auth");
        const theirs = await stage.theirs("DEALER", { ...theirCurveClient(), handshakeInterval: 200 });
        await theirs.connect(boundTo(ours));
        assert.equal((await failed).error.status, Number(status));
        await theirs.event(status === "300" ? "handshake:error:other" : "handshake:error:auth");
      });

      test(`their ZAP handler answers ${status}: our client says so, or waits`, async (stage) => {
        const zap = await stage.theirs("REP");
        await takeZap(zap);
        const theirs = await stage.theirs("DEALER", theirCurveServer);
        const ours = stage.ours("DEALER", { ...ourCurveClient(), handshakeInterval: 200 });
        const failed = nextEvent(ours, status === "300" ? "handshake:error:other" : "handshake:error:auth");
        ours.connect(await theirs.bind(await newEndpoint("tcp")));
        const request = await theyDecide(zap, status);
        assert.equal(request[6], hex(client.publicKey));
        const { error } = await failed;
        if (status === "300") assert.ok(SILENT.includes(error.reason), error.reason);
        else assert.equal((error as { status?: number }).status, Number(status));
      });
    }
  });

  withPeer(kind, "PLAIN", (test) => {
    for (const transport of transports) {
      for (const binder of SIDES) {
        test(`${transport}: we are the server, ${binder} binds: messages both ways, and the handler gets name and password`, async (stage) => {
          const { asked } = weDecide(stage, "200");
          const ours = stage.ours("DEALER", { plainServer: true, zapDomain: "home" });
          const theirs = await stage.theirs("DEALER", theirPlainClient);
          await stage.join(ours, theirs, binder, transport);
          assert.deepEqual(asked[0].slice(2), [
            "home",
            transport === "ipc" ? "localhost" : "127.0.0.1",
            "",
            "PLAIN",
            PLAIN_CLIENT.name,
            PLAIN_CLIENT.password,
          ]);
          const [got] = await Promise.all([theirs.receive(MESSAGES.length), sendAll(ours, ...MESSAGES)]);
          assert.deepEqual(got, REPORTS);
        });

        test(`${transport}: they are the server, ${binder} binds: messages both ways`, async (stage) => {
          const zap = await stage.theirs("REP");
          await takeZap(zap);
          const ours = stage.ours("DEALER", ourPlainClient);
          const theirs = await stage.theirs("DEALER", { plainServer: true });
          const endpoint = await newEndpoint(transport);
          if (binder === "ours") {
            await ours.bind(endpoint);
            await theirs.connect(boundTo(ours));
          } else ours.connect(await theirs.bind(endpoint));
          const request = await theyDecide(zap, "200", "joe");
          assert.deepEqual(request.slice(6), [hexText(PLAIN_CLIENT.name), hexText(PLAIN_CLIENT.password)]);
          await ours.connected(1, deadline());
          const [got] = await Promise.all([receiveAll(ours, MESSAGES.length), theirs.send(...MESSAGES)]);
          assert.deepEqual(got, REPORTS);
        });
      }
    }

    for (const status of ["300", "400", "500"]) {
      test(`our handler answers ${status}: their client is told in libzmq's way of writing`, async (stage) => {
        weDecide(stage, status);
        const ours = stage.ours("DEALER", { plainServer: true });
        await ours.bind(await newEndpoint("tcp"));
        const failed = nextEvent(ours, "handshake:error:auth");
        const theirs = await stage.theirs("DEALER", { ...theirPlainClient, handshakeInterval: 200 });
        await theirs.connect(boundTo(ours));
        assert.equal((await failed).error.status, Number(status));
        await theirs.event(status === "300" ? "handshake:error:other" : "handshake:error:auth");
      });

      test(`their handler answers ${status}: our client understands libzmq's way of writing`, async (stage) => {
        const zap = await stage.theirs("REP");
        await takeZap(zap);
        const theirs = await stage.theirs("DEALER", { plainServer: true });
        const ours = stage.ours("DEALER", { ...ourPlainClient, handshakeInterval: 200 });
        const failed = nextEvent(ours, status === "300" ? "handshake:error:other" : "handshake:error:auth");
        ours.connect(await theirs.bind(await newEndpoint("tcp")));
        await theyDecide(zap, status);
        const { error } = await failed;
        if (status === "300") assert.ok(SILENT.includes(error.reason), error.reason);
        else assert.equal((error as { status?: number }).status, Number(status));
      });
    }
  });

  withPeer(kind, "NULL with a domain", (test) => {
    for (const status of ["200", "400"]) {
      test(`our handler answers ${status}`, async (stage) => {
        const { asked } = weDecide(stage, status);
        const ours = stage.ours("DEALER", { zapDomain: "open" });
        await ours.bind(await newEndpoint("tcp"));
        const told = nextEvent(ours, status === "200" ? "handshake" : "handshake:error:auth");
        const theirs = await stage.theirs("DEALER");
        await theirs.connect(boundTo(ours));
        await told;
        assert.deepEqual(asked[0].slice(2), ["open", "127.0.0.1", "", "NULL"]);
        await theirs.event(status === "200" ? "handshake" : "handshake:error:auth");
      });
    }
  });
}
