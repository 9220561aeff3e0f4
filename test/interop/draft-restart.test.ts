// The draft types when either side is killed (SIGKILL) or closed and comes back: what waited arrives, groups are joined again, numbers are new.

import assert from "node:assert/strict";
import { command, message } from "../support/engine-probe.ts";
import { Mortal, reopen } from "../support/mortal.ts";
import { boundTo, deadline, newEndpoint, nextEvent, type OurSocket, receiveAll, sendAll, TRANSPORTS } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import { libzmqDraft, ourselves } from "../support/peers.ts";
import { RawListener, RawPeer } from "../support/raw-peer.ts";
import { Tap } from "../support/tap.ts";
import { withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
const QUEUED = Array.from({ length: 100 }, (_, i) => text(`queued ${i}`));
const A = text("a");
const B = text("b");
const C = text("c");

const bodyOf = (report: string): string => report.slice(report.indexOf(",") + 1);

async function joined(radio: OurSocket, ...groups: readonly string[]): Promise<void> {
  for (const group of groups) await radio.joined(Buffer.from(group.slice(1), "hex"), 1, deadline());
}

/** A RADIO drops what nobody has joined, and does not tell who has: sends to the groups in order until one message arrives. */
async function until<T>(send: () => Promise<void>, arrived: Promise<T>): Promise<T> {
  for (;;) {
    await send();
    const first = await Promise.race([arrived, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 5))]);
    if (first !== undefined) return first;
  }
}

withPeer(libzmqDraft, "restarts of draft types", (test) => {
  for (const transport of TRANSPORTS) {
    test(`their GATHER is killed; what our SCATTER queues arrives in order, over ${transport}`, async (stage) => {
      const ours = stage.ours("SCATTER");
      const mortal = await Mortal.start(stage, "GATHER");
      const endpoint = await stage.join(ours, mortal.socket, "theirs", transport);
      await sendAll(ours, HELLO);
      assert.deepEqual(await mortal.socket.receive(), [HELLO]);
      await mortal.kill(ours);
      await sendAll(ours, ...QUEUED);
      const again = await mortal.restart();
      await again.bind(endpoint);
      assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
    });

    test(`their SERVER is killed; what our CLIENT queues is answered by the next, over ${transport}`, async (stage) => {
      const ours = stage.ours("CLIENT");
      const mortal = await Mortal.start(stage, "SERVER");
      const endpoint = await stage.join(ours, mortal.socket, "theirs", transport);
      await Promise.all([sendAll(ours, HELLO), mortal.socket.echo(1)]);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
      await mortal.kill(ours);
      await sendAll(ours, ...QUEUED);
      const again = await mortal.restart();
      await again.bind(endpoint);
      await again.echo(QUEUED.length);
      assert.deepEqual(await receiveAll(ours, QUEUED.length), QUEUED);
    });

    test(`their RADIO is killed; our DISH joins again, over ${transport}`, async (stage) => {
      const ours = stage.ours("DISH");
      ours.join("a", "b");
      const unwanted: unknown[] = [];
      ours.events.on("drop", (event) => unwanted.push(event));
      const mortal = await Mortal.start(stage, "RADIO");
      const endpoint = await stage.join(ours, mortal.socket, "theirs", transport);
      const first = await until(() => mortal.socket.send(`${A},${HELLO}`), receiveAll(ours));
      assert.deepEqual(first, [`${A},${HELLO}`]);
      await mortal.kill(ours);
      ours.join("c");
      ours.leave("a");
      const again = await mortal.restart();
      await again.bind(endpoint);
      const back = await until(
        () => again.send(`${A},${text("left")}`, `${C},${text("back")}`),
        (async () => {
          for (;;) {
            const [got] = await receiveAll(ours);
            if (got === `${C},${text("back")}`) return got;
            // What the one before had sent.
            assert.equal(got, `${A},${HELLO}`);
          }
        })(),
      );
      assert.equal(back, `${C},${text("back")}`);
      assert.deepEqual(unwanted, [], "the new RADIO was not told of what we left");
    });
  }

  test("their SCATTER is killed; our GATHER hears of the next one", async (stage) => {
    const ours = stage.ours("GATHER");
    const mortal = await Mortal.start(stage, "SCATTER");
    const endpoint = await stage.join(ours, mortal.socket, "theirs");
    await mortal.socket.send(HELLO);
    assert.deepEqual(await receiveAll(ours), [HELLO]);
    await mortal.kill(ours);
    const again = await mortal.restart();
    await again.bind(endpoint);
    await again.send(...QUEUED);
    assert.deepEqual(await receiveAll(ours, QUEUED.length), QUEUED);
  });

  test("their GATHER that dialled is killed; our SCATTER waits for the next one", async (stage) => {
    const ours = stage.ours("SCATTER");
    const mortal = await Mortal.start(stage, "GATHER");
    const endpoint = await stage.join(ours, mortal.socket, "ours");
    await mortal.kill(ours);
    assert.equal(ours.writable, false);
    const sending = sendAll(ours, ...QUEUED);
    const again = await mortal.restart();
    await again.connect(endpoint);
    assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
    await sending;
  });

  test("our GATHER is closed; what their SCATTER queues arrives in order at the next", async (stage) => {
    const ours = stage.ours("GATHER");
    const theirs = await stage.theirs("SCATTER");
    await stage.join(ours, theirs, "ours");
    await theirs.send(HELLO);
    assert.deepEqual(await receiveAll(ours), [HELLO]);
    const again = await reopen(stage, ours, "GATHER", theirs, () => theirs.send(...QUEUED));
    assert.deepEqual(await receiveAll(again, QUEUED.length), QUEUED);
  });

  test("their CLIENT is killed; its number is unreachable, and the next has another", async (stage) => {
    const ours = stage.ours("SERVER");
    const mortal = await Mortal.start(stage, "CLIENT");
    const endpoint = await stage.join(ours, mortal.socket, "ours");
    await mortal.socket.send(HELLO);
    const [first] = await receiveAll(ours);
    await mortal.kill(ours);
    await assert.rejects(sendAll(ours, first), { code: "EHOSTUNREACH" });
    const again = await mortal.restart();
    await again.connect(endpoint);
    await again.send(HELLO);
    const [second] = await receiveAll(ours);
    assert.notEqual(second, first);
    assert.equal(bodyOf(second), HELLO);
    await sendAll(ours, second);
    assert.deepEqual(await again.receive(), [HELLO]);
    await assert.rejects(sendAll(ours, first), { code: "EHOSTUNREACH" });
  });

  test("their CLIENT that listens is killed; our SERVER that dialled knows the next one by the same number", async (stage) => {
    const ours = stage.ours("SERVER");
    const mortal = await Mortal.start(stage, "CLIENT");
    const endpoint = await stage.join(ours, mortal.socket, "theirs");
    await mortal.socket.send(HELLO);
    const [first] = await receiveAll(ours);
    await mortal.kill(ours);
    // A dialled pipe outlives its connection, as in libzmq: what is sent waits in it.
    await sendAll(ours, first);
    const again = await mortal.restart();
    await again.bind(endpoint);
    assert.deepEqual(await again.receive(), [HELLO]);
    await again.send(HELLO);
    assert.deepEqual(await receiveAll(ours), [first]);
  });

  test("our SERVER is closed; what their CLIENT queues is answered by the next", async (stage) => {
    const ours = stage.ours("SERVER");
    const theirs = await stage.theirs("CLIENT");
    await stage.join(ours, theirs, "ours");
    await theirs.send(HELLO);
    await sendAll(ours, ...(await receiveAll(ours)));
    assert.deepEqual(await theirs.receive(), [HELLO]);
    const again = await reopen(stage, ours, "SERVER", theirs, () => theirs.send(...QUEUED));
    await sendAll(again, ...(await receiveAll(again, QUEUED.length)));
    assert.deepEqual(await theirs.receive(QUEUED.length), QUEUED);
  });

  test("their CHANNEL that dialled is killed; ours goes on with the next one", async (stage) => {
    const ours = stage.ours("CHANNEL");
    const mortal = await Mortal.start(stage, "CHANNEL");
    const endpoint = await stage.join(ours, mortal.socket, "ours");
    await mortal.kill(ours);
    const again = await mortal.restart();
    await again.connect(endpoint);
    await ours.connected(1, deadline());
    await sendAll(ours, HELLO);
    assert.deepEqual(await again.receive(), [HELLO]);
    await again.send(HELLO);
    assert.deepEqual(await receiveAll(ours), [HELLO]);
  });

  test("their CHANNEL that listens is killed; what ours queues arrives in order at the next", async (stage) => {
    const ours = stage.ours("CHANNEL");
    const mortal = await Mortal.start(stage, "CHANNEL");
    const endpoint = await stage.join(ours, mortal.socket, "theirs");
    await mortal.kill(ours);
    await sendAll(ours, ...QUEUED);
    const again = await mortal.restart();
    await again.bind(endpoint);
    assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
  });

  test("our CHANNEL is closed; what theirs queues arrives in order at the next", async (stage) => {
    const ours = stage.ours("CHANNEL");
    const theirs = await stage.theirs("CHANNEL");
    await stage.join(ours, theirs, "ours");
    const again = await reopen(stage, ours, "CHANNEL", theirs, () => theirs.send(...QUEUED));
    assert.deepEqual(await receiveAll(again, QUEUED.length), QUEUED);
  });

  test("their RADIO that dialled is killed; our DISH tells the next one what it joined", async (stage) => {
    const ours = stage.ours("DISH");
    ours.join("a");
    const mortal = await Mortal.start(stage, "RADIO");
    const endpoint = await stage.join(ours, mortal.socket, "ours");
    await mortal.kill(ours);
    const again = await mortal.restart();
    await again.connect(endpoint);
    assert.deepEqual(await until(() => again.send(`${B},${HELLO}`, `${A},${HELLO}`), receiveAll(ours)), [`${A},${HELLO}`]);
  });

  test("their DISH is killed; our RADIO forgets its groups and learns those of the next one", async (stage) => {
    const ours = stage.ours("RADIO");
    const mortal = await Mortal.start(stage, "DISH");
    const endpoint = await stage.join(ours, mortal.socket, "theirs");
    await mortal.socket.join(A, B);
    await joined(ours, A, B);
    await mortal.kill(ours);
    const again = await mortal.restart();
    await again.join(B);
    await again.bind(endpoint);
    // The one that listens hears of us within a call to its socket.
    await again.event("handshake");
    await again.join(C);
    await joined(ours, C);
    await sendAll(ours, `${A},${HELLO}`, `${B},${HELLO}`, `${C},${HELLO}`);
    assert.deepEqual(await again.receive(2), [`${B},${HELLO}`, `${C},${HELLO}`]);
  });

  test("a DISH by hand comes back with other groups: our RADIO sends it only those", async (stage) => {
    // libzmq's would filter what it did not join any more.
    const t = { after: (undo: () => void) => stage.defer(undo) };
    const listener = await RawListener.listen(t);
    const ours = stage.ours("RADIO", { reconnectInterval: 1 });
    ours.connect(listener.endpoint);
    const first = await (await listener.accept()).handshake("DISH");
    first.send(command("JOIN", Buffer.from("a")), command("JOIN", Buffer.from("b")));
    await joined(ours, A, B);
    const gone = nextEvent(ours, "disconnect");
    first.socket.resetAndDestroy();
    await gone;
    const second = await (await listener.accept()).handshake("DISH");
    second.send(command("JOIN", Buffer.from("c")));
    await joined(ours, C);
    await sendAll(ours, `${A},${HELLO}`, `${B},${HELLO}`, `${C},${HELLO}`);
    assert.deepEqual((await second.readMessage()).map(String), ["c", "hello"]);
  });

  test("our RADIO is closed; their DISH joins again", async (stage) => {
    const ours = stage.ours("RADIO");
    const theirs = await stage.theirs("DISH");
    await theirs.join(A, B);
    await stage.join(ours, theirs, "ours");
    await joined(ours, A, B);
    let received: Promise<string[]> | undefined;
    const again = await reopen(stage, ours, "RADIO", theirs, async () => {
      await theirs.leave(A);
      // libzmq joins again within a call to its socket.
      received = theirs.receive();
      received.catch(() => undefined);
    });
    await joined(again, B);
    await sendAll(again, `${A},${HELLO}`, `${B},${HELLO}`);
    assert.deepEqual(await received, [`${B},${HELLO}`]);
  });

  for (const dialler of ["ours", "theirs"] as const) {
    test(`the connection of our DISH and their RADIO is cut; ${dialler} dials again, and the groups are joined`, async (stage) => {
      const ours = stage.ours("DISH");
      ours.join("a", "b");
      const theirs = await stage.theirs("RADIO");
      let tap: Tap;
      if (dialler === "ours") {
        tap = await Tap.to(await theirs.bind(await newEndpoint("tcp")));
        ours.connect(tap.endpoint);
      } else {
        await ours.bind(await newEndpoint("tcp"));
        tap = await Tap.to(boundTo(ours));
        await theirs.connect(tap.endpoint);
      }
      stage.defer(() => tap.close());
      for (let round = 1; round <= 3; round++) {
        await Promise.all([ours.connected(1, deadline()), theirs.event("handshake")]);
        const sent = `${B},${text(`round ${round}`)}`;
        const arrived = (async () => {
          for (;;) if ((await receiveAll(ours))[0] === sent) return sent;
        })();
        await until(() => theirs.send(sent), arrived);
        const gone = [nextEvent(ours, "disconnect"), theirs.event("disconnect")];
        tap.cut();
        await Promise.all(gone);
        ours.leave("a");
        ours.join("a");
      }
      assert.ok(tap.connections >= 3);
    });
  }

  test("our process with a GATHER is killed; what their SCATTER queues arrives at the next", async (stage) => {
    const mortal = await Mortal.start(stage, "GATHER", {}, ourselves);
    const theirs = await stage.theirs("SCATTER");
    const endpoint = await mortal.socket.bind(await newEndpoint(TRANSPORTS.at(-1) ?? "tcp"));
    await theirs.connect(endpoint);
    await theirs.send(HELLO);
    assert.deepEqual(await mortal.socket.receive(), [HELLO]);
    await mortal.socket.peer.kill();
    await theirs.event("disconnect");
    await theirs.send(...QUEUED);
    const again = await mortal.restart();
    await again.bind(endpoint);
    assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
  });

  test("our process with a SERVER is killed; their CLIENT is answered by the next", async (stage) => {
    const mortal = await Mortal.start(stage, "SERVER", {}, ourselves);
    const theirs = await stage.theirs("CLIENT");
    const endpoint = await mortal.socket.bind(await newEndpoint("tcp"));
    await theirs.connect(endpoint);
    await Promise.all([theirs.send(HELLO), mortal.socket.echo(1)]);
    assert.deepEqual(await theirs.receive(), [HELLO]);
    await mortal.socket.peer.kill();
    await theirs.event("disconnect");
    await theirs.send(...QUEUED);
    const again = await mortal.restart();
    await again.bind(endpoint);
    await again.echo(QUEUED.length);
    assert.deepEqual(await theirs.receive(QUEUED.length), QUEUED);
  });

  test("our process with a DISH is killed; their RADIO sends to the next what that one joined", async (stage) => {
    const mortal = await Mortal.start(stage, "DISH", {}, ourselves);
    const theirs = await stage.theirs("RADIO");
    const endpoint = await theirs.bind(await newEndpoint("tcp"));
    await mortal.socket.join(A);
    await mortal.socket.connect(endpoint);
    assert.deepEqual(await until(() => theirs.send(`${A},${HELLO}`), mortal.socket.receive()), [`${A},${HELLO}`]);
    await mortal.socket.peer.kill();
    await theirs.event("disconnect");
    const again = await mortal.restart();
    await again.join(B);
    await again.connect(endpoint);
    assert.deepEqual(await until(() => theirs.send(`${A},${HELLO}`, `${B},${HELLO}`), again.receive()), [`${B},${HELLO}`]);
  });

  test("our process with a CHANNEL is killed; what theirs queues arrives at the next", async (stage) => {
    const mortal = await Mortal.start(stage, "CHANNEL", {}, ourselves);
    const theirs = await stage.theirs("CHANNEL");
    const endpoint = await mortal.socket.bind(await newEndpoint("tcp"));
    await theirs.connect(endpoint);
    await theirs.send(HELLO);
    assert.deepEqual(await mortal.socket.receive(), [HELLO]);
    await mortal.socket.peer.kill();
    await theirs.event("disconnect");
    await theirs.send(...QUEUED);
    const again = await mortal.restart();
    await again.bind(endpoint);
    assert.deepEqual(await again.receive(QUEUED.length), QUEUED);
  });
});

withPeer(ourselves, "restarts of PEER", (test) => {
  test("a PEER that listens is killed; what was sent to its number waits for the next, and the number stays", async (stage) => {
    const ours = stage.ours("PEER");
    const mortal = await Mortal.start(stage, "PEER");
    const endpoint = await mortal.socket.bind(await newEndpoint("tcp"));
    const number = `x${ours.connectPeer(endpoint).toString(16).padStart(8, "0")}`;
    await Promise.all([sendAll(ours, `${number},${HELLO}`), mortal.socket.echo(1)]);
    assert.deepEqual(await receiveAll(ours), [`${number},${HELLO}`]);
    await mortal.kill(ours);
    await sendAll(ours, ...QUEUED.map((each) => `${number},${each}`));
    const again = await mortal.restart();
    await again.bind(endpoint);
    await again.echo(QUEUED.length);
    assert.deepEqual(
      await receiveAll(ours, QUEUED.length),
      QUEUED.map((each) => `${number},${each}`),
    );
  });

  test("a PEER that dialled is gone; its number is unreachable, and the next has another", async (stage) => {
    const t = { after: (undo: () => void) => stage.defer(undo) };
    const ours = stage.ours("PEER");
    await ours.bind(await newEndpoint("tcp"));
    const peer = await (await RawPeer.connect(t, boundTo(ours))).handshake("PEER");
    peer.send(message("hello"));
    const [first] = await receiveAll(ours);
    const gone = nextEvent(ours, "disconnect");
    peer.socket.resetAndDestroy();
    await gone;
    await assert.rejects(sendAll(ours, first), { code: "EHOSTUNREACH" });
    const next = await (await RawPeer.connect(t, boundTo(ours))).handshake("PEER");
    next.send(message("hello"));
    const [second] = await receiveAll(ours);
    assert.notEqual(second, first);
    await sendAll(ours, second);
    assert.deepEqual((await next.readMessage()).map(String), ["hello"]);
  });
});
