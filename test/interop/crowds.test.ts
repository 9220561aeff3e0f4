// Several peers at once: messages go round, come from all, and peers of the wrong type disturb nobody.

import assert from "node:assert/strict";
import { boundTo, deadline, newEndpoint, nextEvent, receiveAll, sendAll } from "../support/ours.ts";
import { text } from "../support/pattern.ts";
import { LIBZMQ } from "../support/peers.ts";
import { withPeer } from "../support/with-peer.ts";

const HELLO = text("hello");
const CROWD = 5;
const EACH = 20;

const numbered = (name: string, count = EACH): string[] => Array.from({ length: count }, (_, i) => text(`${name} ${i}`));
const crowd = async <T>(make: (index: number) => Promise<T>): Promise<T[]> => {
  const all: T[] = [];
  while (all.length < CROWD) all.push(await make(all.length));
  return all;
};

for (const kind of LIBZMQ) {
  withPeer(kind, "crowds", (test) => {
    test("our PUSH gives to each of their PULL in turn", async (stage) => {
      const ours = stage.ours("PUSH");
      await ours.bind(await newEndpoint("tcp"));
      const theirs = await crowd(() => stage.theirs("PULL"));
      for (const each of theirs) await each.connect(boundTo(ours));
      await ours.connected(CROWD, deadline());
      await sendAll(ours, ...numbered("job", CROWD * EACH));
      const got: string[] = [];
      for (const each of theirs) got.push(...(await each.receive(EACH)));
      assert.deepEqual(got.sort(), numbered("job", CROWD * EACH).sort());
    });

    test("their PUSH gives to each of our PULL in turn", async (stage) => {
      const theirs = await stage.theirs("PUSH");
      const endpoint = await theirs.bind(await newEndpoint("tcp"));
      const ours = await crowd(async () => {
        const socket = stage.ours("PULL");
        socket.connect(endpoint);
        await theirs.event("handshake");
        return socket;
      });
      // A handshake that libzmq tells of may not have reached its PUSH: until the last has its turn, nothing is even.
      const warm = ours.map((each) => each.receive());
      for (let arrived = 0; arrived < CROWD; ) {
        await theirs.send(HELLO);
        arrived = ours.filter((each) => each.stats().received + each.stats().receiving > 0).length;
      }
      await Promise.all(warm);
      await theirs.send(...numbered("job", CROWD * EACH), ...Array<string>(CROWD).fill(text("end")));
      const got: string[] = [];
      for (const each of ours) {
        const own: string[] = [];
        for (let message = ""; message !== text("end"); own.push(message)) [message] = await receiveAll(each);
        const jobs = own.filter((message) => message !== HELLO && message !== text("end"));
        assert.equal(jobs.length, EACH);
        got.push(...jobs);
      }
      assert.deepEqual(got.sort(), numbered("job", CROWD * EACH).sort());
    });

    test("our PULL hears all of their PUSH, each in its order", async (stage) => {
      const ours = stage.ours("PULL");
      await ours.bind(await newEndpoint("tcp"));
      await crowd(async (index) => {
        const each = await stage.theirs("PUSH");
        await each.connect(boundTo(ours));
        await each.send(...numbered(`${index}`));
      });
      const got = await receiveAll(ours, CROWD * EACH);
      for (let index = 0; index < CROWD; index++) {
        const own = got.filter((message) => message.startsWith(text(`${index} `)));
        assert.deepEqual(own, numbered(`${index}`));
      }
    });

    test("our PUB tells all of their SUB, over tcp and ipc", async (stage) => {
      const ours = stage.ours("PUB");
      const endpoints: string[] = [];
      for (const transport of ["tcp", process.platform === "win32" ? "tcp" : "ipc"] as const) {
        await ours.bind(await newEndpoint(transport));
        endpoints.push(boundTo(ours));
      }
      const theirs = await crowd(async (index) => {
        const each = await stage.theirs("SUB");
        await each.subscribe(text("n"));
        await each.connect(endpoints[index % 2]);
        return each;
      });
      await ours.subscribed("n", CROWD, deadline());
      await sendAll(ours, ...numbered("n"));
      for (const each of theirs) assert.deepEqual(await each.receive(EACH), numbered("n"));
    });

    test("our ROUTER answers each of their REQ, with and without request ids", async (stage) => {
      const ours = stage.ours("ROUTER");
      await ours.bind(await newEndpoint("tcp"));
      const theirs = await crowd(async (index) => {
        const each = await stage.theirs("REQ", index % 2 === 0 ? {} : { correlate: true, relaxed: true });
        await each.connect(boundTo(ours));
        await each.send(text(`question ${index}`));
        return each;
      });
      const questions: Buffer[][] = [];
      while (questions.length < CROWD) questions.push(await ours.receive());
      for (const question of questions.reverse()) await ours.send(question);
      for (const [index, each] of theirs.entries()) assert.deepEqual(await each.receive(), [text(`question ${index}`)]);
    });

    test("our REQ with request ids asks their REP and their ROUTER", async (stage) => {
      for (const type of ["REP", "ROUTER"] as const) {
        const [ours, theirs] = [stage.ours("REQ", { correlate: true, relaxed: true }), await stage.theirs(type)];
        await stage.join(ours, theirs, "theirs");
        for (const message of numbered("question")) {
          await sendAll(ours, message);
          const [[answer]] = await Promise.all([receiveAll(ours), theirs.echo(1)]);
          assert.equal(answer, message);
        }
      }
    });

    test("their REQ with request ids ask our REP", async (stage) => {
      const [ours, theirs] = [stage.ours("REP"), await stage.theirs("REQ", { correlate: true, relaxed: true })];
      await stage.join(ours, theirs, "ours");
      await theirs.send(text("given up"));
      assert.deepEqual(await receiveAll(ours), [text("given up")]);
      await theirs.send(text("asked"));
      await sendAll(ours, text("late"));
      assert.deepEqual(await receiveAll(ours), [text("asked")]);
      await sendAll(ours, text("answer"));
      assert.deepEqual(await theirs.receive(), [text("answer")]);
    });

    test("a wrong type of theirs is refused, a right one after it is served", async (stage) => {
      const ours = stage.ours("PUSH");
      await ours.bind(await newEndpoint("tcp"));
      // Whoever reads the other's READY first ends the connection, and then the other may not get to read its own.
      const refused = nextEvent(ours, "handshake:error:protocol", "handshake:error:other", "disconnect");
      const wrong = await stage.theirs("SUB");
      await wrong.connect(boundTo(ours));
      assert.match((await refused).error.reason, /^(type-mismatch|peer-closed|connection-lost)$/);
      const right = await stage.theirs("PULL");
      await right.connect(boundTo(ours));
      await ours.connected(1, deadline());
      await sendAll(ours, HELLO);
      assert.deepEqual(await right.receive(), [HELLO]);
    });

    test("a wrong type of ours is refused, a right one after it is served", async (stage) => {
      const theirs = await stage.theirs("PUSH");
      const endpoint = await theirs.bind(await newEndpoint("tcp"));
      const wrong = stage.ours("SUB");
      const refused = nextEvent(wrong, "handshake:error:protocol", "handshake:error:other", "disconnect");
      wrong.connect(endpoint);
      assert.match((await refused).error.reason, /^(type-mismatch|peer-closed|connection-lost)$/);
      const right = stage.ours("PULL");
      right.connect(endpoint);
      await theirs.send(HELLO);
      assert.deepEqual(await receiveAll(right), [HELLO]);
    });

    test("a second PAIR does not disturb the first", async (stage) => {
      const ours = stage.ours("PAIR");
      const first = await stage.theirs("PAIR");
      const endpoint = await stage.join(ours, first, "ours");
      const second = await stage.theirs("PAIR");
      await second.connect(endpoint);
      await second.event("handshake");
      await second.send(text("from the second"));
      await first.send(HELLO);
      assert.deepEqual(await receiveAll(ours), [HELLO]);
      await sendAll(ours, HELLO);
      assert.deepEqual(await first.receive(), [HELLO]);
      const gone = nextEvent(ours, "disconnect");
      await second.close();
      await gone;
      assert.equal(ours.readable, false);
    });
  });
}
