// RFC 37, ZMTP 3.1: what it adds to 3.0 (RFC 23, see rfc23.test.ts): PING and PONG, SUBSCRIBE and CANCEL as commands. Times are virtual.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Dealer, Publisher, Pull, Push, Subscriber, XPublisher } from "../../src/node.ts";
import { subscriptionToCommand } from "../../src/zmtp/command.ts";
import { SOCKET_TYPES } from "../../src/zmtp/socket-type.ts";
import { cuts, hex, hexFrames, join, text, toHexText } from "../support/bytes.ts";
import {
  command,
  EngineProbe,
  greeting,
  message,
  type ProbeOptions,
  ready,
  readyProbe,
  ZMTP_TYPES,
} from "../support/engine-probe.ts";
import { bound, EventLog, guard, kept, RawListener, RawPeer } from "../support/raw-peer.ts";

const PING = command("PING", hex("0000"));
const PONG = command("PONG");

/** Moves time on in steps of the engine's own deadlines, as the connection does, up to a time. */
function run(probe: EngineProbe, until: number): void {
  while (probe.engine.state === "ready" && probe.engine.deadline <= until) probe.engine.tick(probe.engine.deadline);
}

describe("RFC 37 Connection heartbeating: answering", () => {
  it("a PING is answered by a PONG with the same context", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(hex("04 09 04 50494e47 0064 6869"));
    assert.equal(toHexText(probe.takeOutput()), "040704504f4e476869");
    probe.feed(PING);
    assert.equal(toHexText(probe.takeOutput()), "040504504f4e47");
  });

  it("a context has up to 16 octets; of a longer one the first 16 come back (libzmq)", () => {
    for (const [sent, back] of [
      [0, 0],
      [1, 1],
      [15, 15],
      [16, 16],
      [17, 16],
      [200, 16],
      [1000, 16],
    ]) {
      const probe = readyProbe("ROUTER");
      const context = Buffer.from(Array.from({ length: sent }, (_, i) => i & 0xff));
      probe.feed(command("PING", join(hex("0000"), context)));
      assert.equal(toHexText(probe.takeOutput()), toHexText(command("PONG", context.subarray(0, back))), `${sent} octets`);
      assert.equal(probe.engine.state, "ready");
    }
  });

  it("the answer comes at once, between the frames of a message, however the bytes are cut", () => {
    const stream = join(hex("01 01 61"), command("PING", hex("0000 01")), hex("00 01 62"));
    for (const { name, chunks } of cuts(stream)) {
      const probe = readyProbe("ROUTER");
      for (const chunk of chunks) probe.feed(chunk);
      assert.deepEqual(probe.messages.map(hexFrames), [["61", "62"]], name);
      assert.equal(toHexText(probe.takeOutput()), toHexText(command("PONG", hex("01"))), name);
    }
  });

  it("a 3.0 peer that sends PING is answered all the same", () => {
    const probe = readyProbe("ROUTER", { minor: 0 });
    probe.feed(PING);
    assert.equal(toHexText(probe.takeOutput()), toHexText(PONG));
  });

  it("every socket type answers", () => {
    for (const socketType of ZMTP_TYPES) {
      const probe = readyProbe(SOCKET_TYPES[socketType].peers[0], { socketType });
      probe.feed(PING);
      assert.equal(toHexText(probe.takeOutput()), toHexText(PONG), socketType);
    }
  });

  it("a PING of fewer than seven octets is a protocol error, never an answer (D49)", () => {
    for (const data of ["", "00"]) {
      const probe = readyProbe("ROUTER");
      probe.feed(command("PING", hex(data)));
      assert.equal(probe.failure().reason, "malformed-command");
      assert.equal(probe.takeOutput().length, 0);
    }
  });

  it("a PONG that nobody asked for is ignored, with any context", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(join(PONG, command("PONG", Buffer.alloc(1000))));
    assert.deepEqual([probe.engine.state, probe.takeOutput().length, probe.messages.length], ["ready", 0, 0]);
  });

  it("names are exact: ping and PINGS are unknown", () => {
    const probe = readyProbe("ROUTER");
    probe.feed(join(command("ping", hex("0000")), command("PINGS", hex("0000"))));
    assert.deepEqual([probe.engine.state, probe.takeOutput().length], ["ready", 0]);
  });
});

describe("RFC 37 Connection heartbeating: asking (times of libzmq)", () => {
  function beating(options: ProbeOptions): EngineProbe {
    return readyProbe("ROUTER", options);
  }

  it("without an interval nothing is ever due", () => {
    assert.equal(beating({}).engine.deadline, Number.POSITIVE_INFINITY);
  });

  it("no PING before the handshake is complete", () => {
    const probe = new EngineProbe({ intervalMs: 100 });
    probe.feed(greeting());
    assert.equal(probe.engine.deadline, Number.POSITIVE_INFINITY);
    probe.feed(ready("ROUTER"), 1000);
    assert.equal(probe.engine.deadline, 1100);
  });

  it("a PING every interval, while the peer answers", () => {
    const probe = beating({ intervalMs: 200 });
    for (let now = 200; now <= 2000; now += 200) {
      assert.equal(probe.engine.deadline, now);
      probe.engine.tick(now);
      assert.equal(toHexText(probe.takeOutput()), toHexText(PING), `at ${now}`);
      probe.feed(PONG, now + 1);
    }
    assert.equal(probe.engine.state, "ready");
  });

  it("a tick before its time does nothing", () => {
    const probe = beating({ intervalMs: 200 });
    for (const now of [0, 1, 199, 199.9]) probe.engine.tick(now);
    assert.equal(probe.takeOutput().length, 0);
  });

  it("interval 200 and timeout 500 with a silent peer: PINGs at 200, 400 and 600, the end at 700", () => {
    const probe = beating({ intervalMs: 200, timeoutMs: 500 });
    run(probe, 699.9);
    assert.equal(probe.takeOutput().length, 3 * PING.length);
    assert.equal(probe.engine.state, "ready");
    run(probe, 700);
    assert.equal(probe.failure().reason, "heartbeat-timeout");
  });

  it("the timeout is that of the first PING unanswered: later PINGs do not prolong it", () => {
    const probe = beating({ intervalMs: 10, timeoutMs: 1000 });
    run(probe, 5000);
    assert.equal(probe.failure().reason, "heartbeat-timeout");
    assert.equal(probe.takeOutput().length, 100 * PING.length);
  });

  it("timeout 0 waits for ever", () => {
    const probe = beating({ intervalMs: 100, timeoutMs: 0 });
    run(probe, 100_000);
    assert.equal(probe.engine.state, "ready");
  });

  it("anything that comes in counts as an answer: a message, half a frame, an unknown command", () => {
    for (const answer of [message("x"), hex("00"), command("WHATEVER"), PONG]) {
      const probe = beating({ intervalMs: 200, timeoutMs: 500 });
      run(probe, 600);
      probe.feed(answer, 650);
      run(probe, 1299);
      assert.equal(probe.engine.state, "ready", toHexText(answer));
      run(probe, 1300);
      assert.equal(probe.failure().reason, "heartbeat-timeout");
    }
  });

  it("a peer whose answers we did not read is excused", () => {
    const probe = beating({ intervalMs: 200, timeoutMs: 500 });
    for (let now = 200; now < 5000; now += 200) probe.engine.tick(now, true);
    assert.equal(probe.engine.state, "ready");
  });

  it("ttl = tenths of a second in two octets", () => {
    const probe = beating({ intervalMs: 100, ttlTenths: 655 });
    run(probe, 100);
    assert.equal(toHexText(probe.takeOutput()), "04070450494e47028f");
  });

  it("no ttl above 655 is announced, for libzmq multiplies in 16 bits (D7)", async (t) => {
    const { endpoint } = await bound(t, new Dealer({ linger: 0, heartbeatInterval: 10, heartbeatTimeToLive: 6_553_500 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("ROUTER");
    const { name, data } = await raw.readCommand();
    assert.deepEqual([name, data.readUInt16BE()], ["PING", 655]);
  });

  it("heartbeatTimeToLive is announced in tenths, rounded down", async (t) => {
    const { endpoint } = await bound(t, new Dealer({ linger: 0, heartbeatInterval: 10, heartbeatTimeToLive: 1299 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("ROUTER");
    assert.equal((await raw.readCommand()).data.readUInt16BE(), 12);
  });

  it("a 3.0 peer is pinged as well (libzmq)", async (t) => {
    const { endpoint } = await bound(t, new Dealer({ linger: 0, heartbeatInterval: 10 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("ROUTER", { minor: 0 });
    assert.equal((await raw.readCommand()).name, "PING");
  });

  it("after a heartbeat timeout a connector connects again", async (t) => {
    const listener = await RawListener.listen(t);
    const push = kept(t, new Push({ linger: 0, heartbeatInterval: 10, heartbeatTimeout: 30, reconnectInterval: 1 }));
    const log = new EventLog(push);
    push.connect(listener.endpoint);
    const mute = await (await listener.accept()).handshake("PULL");
    await mute.closed();
    const { reason, retry } = await log.first("disconnect");
    assert.deepEqual([reason, retry], ["heartbeat-timeout", true]);
    await (await listener.accept()).handshake("PULL");
  });
});

describe("RFC 37 Connection heartbeating: the peer's time to live", () => {
  function told(ttl: string, now: number): EngineProbe {
    const probe = readyProbe("ROUTER");
    probe.feed(command("PING", hex(ttl)), now);
    return probe;
  }

  it("silence for ttl tenths of a second after a PING ends the connection", () => {
    const probe = told("0005", 1000);
    assert.equal(probe.engine.deadline, 1500);
    probe.engine.tick(1499);
    assert.equal(probe.engine.state, "ready");
    probe.engine.tick(1500);
    assert.equal(probe.failure().reason, "ttl-expired");
  });

  it("ttl 0 announces none", () => {
    assert.equal(told("0000", 0).engine.deadline, Number.POSITIVE_INFINITY);
  });

  it("ttl 65535 is 6553.5 s", () => {
    assert.equal(told("ffff", 0).engine.deadline, 6_553_500);
  });

  it("anything that comes in ends the count; the next PING begins it anew", () => {
    const probe = told("0005", 0);
    probe.feed(message("x"), 400);
    assert.equal(probe.engine.deadline, Number.POSITIVE_INFINITY);
    probe.feed(command("PING", hex("0003")), 1000);
    assert.equal(probe.engine.deadline, 1300);
  });

  it("a socket without heartbeats of its own keeps the peer's ttl", async (t) => {
    const { endpoint, log } = await bound(t, new Pull({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUSH");
    raw.send(command("PING", hex("0001")));
    assert.equal((await raw.readCommand()).name, "PONG");
    await raw.closed();
    assert.equal((await log.first("disconnect")).reason, "ttl-expired");
  });
});

describe("RFC 37 SUBSCRIBE and CANCEL", () => {
  it("SUB sends commands to a 3.1 publisher: what was subscribed before the handshake, then each change", async (t) => {
    const { socket: sub, endpoint } = await bound(t, new Subscriber({ linger: 0 }));
    sub.subscribe("a");
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("XPUB");
    await sub.connected();
    sub.subscribe("");
    sub.unsubscribe("a");
    for (const expected of ["040b 09535542534352494245 61", "040a 09535542534352494245", "0408 0643414e43454c 61"]) {
      const bytes = hex(expected);
      assert.equal(toHexText(await raw.read(bytes.length)), toHexText(bytes));
    }
  });

  it("topics around the border of the short form are encoded right (D23)", async (t) => {
    const { socket: sub, endpoint } = await bound(t, new Subscriber({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("PUB");
    await sub.connected();
    for (const length of [244, 245, 246, 247, 248, 249, 255, 256, 70_000]) {
      const topic = "x".repeat(length);
      sub.subscribe(topic);
      const { flags, body } = await raw.readFrame();
      assert.equal(flags, length > 245 ? 6 : 4, `SUBSCRIBE ${length}`);
      assert.equal(body.toString(), `\x09SUBSCRIBE${topic}`);
      sub.unsubscribe(topic);
      const cancel = await raw.readFrame();
      assert.equal(cancel.flags, length > 248 ? 6 : 4, `CANCEL ${length}`);
      assert.equal(cancel.body.toString(), `\x06CANCEL${topic}`);
    }
  });

  it("PUB and XPUB take commands from any peer, 3.0 or 3.1", async (t) => {
    for (const pub of [new Publisher({ linger: 0 }), new XPublisher({ linger: 0 })]) {
      const { endpoint } = await bound(t, pub);
      for (const minor of [0, 1]) {
        const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB", { minor });
        raw.send(command("SUBSCRIBE", text("a")));
        await guard(pub.subscribed("a"), "the subscription");
        raw.send(command("CANCEL", text("a")), command("SUBSCRIBE", text("z")));
        await guard(pub.subscribed("z"), "the next subscription");
        await pub.send("a");
        await pub.send("z");
        assert.deepEqual((await raw.readMessage()).map(String), ["z"]);
        raw.socket.destroy();
      }
    }
  });

  it("a command and a message of the same topic are the same subscription", async (t) => {
    const { socket: pub, endpoint } = await bound(t, new Publisher({ linger: 0 }));
    const raw = await (await RawPeer.connect(t, endpoint)).handshake("SUB");
    raw.send(command("SUBSCRIBE", text("a")), message("\x00a"), message("\x01b"), command("CANCEL", text("b")));
    raw.send(message("\x01z"));
    await guard(pub.subscribed("z"), "the last subscription");
    for (const topic of ["a", "b", "z"]) await pub.send(topic);
    assert.deepEqual((await raw.readMessage()).map(String), ["z"]);
  });

  it("the engine hands them over as messages 01 topic and 00 topic, to PUB and XPUB only", () => {
    for (const socketType of ZMTP_TYPES) {
      const probe = readyProbe(SOCKET_TYPES[socketType].peers[0], { socketType });
      probe.feed(join(command("SUBSCRIBE", text("a")), command("CANCEL", text("b")), command("SUBSCRIBE")));
      const expected = socketType === "PUB" || socketType === "XPUB" ? [["0161"], ["0062"], ["01"]] : [];
      assert.deepEqual(probe.messages.map(hexFrames), expected, socketType);
    }
  });

  it("only SUB makes commands of subscriptions, and only for 3.1 (D5)", () => {
    for (const socketType of ZMTP_TYPES) {
      for (const minor of [0, 1, 2]) {
        const probe = readyProbe(SOCKET_TYPES[socketType].peers[0], { socketType, minor });
        const makes = probe.engine.toCommand === subscriptionToCommand;
        assert.equal(makes, socketType === "SUB" && minor >= 1, `${socketType} 3.${minor}`);
      }
    }
  });

  it("a SUBSCRIBE between the frames of a message is a message of its own, in front of it", () => {
    const probe = readyProbe("XSUB", { socketType: "XPUB" });
    probe.feed(join(hex("01 01 61"), command("SUBSCRIBE", text("t")), hex("00 01 62")));
    assert.deepEqual(probe.messages.map(hexFrames), [["0174"], ["61", "62"]]);
  });

  it("JOIN and LEAVE, for RADIO only, are ignored by all others", () => {
    const probe = readyProbe("XSUB", { socketType: "XPUB" });
    probe.feed(join(command("JOIN", text("g")), command("LEAVE", Buffer.alloc(300))));
    assert.deepEqual([probe.engine.state, probe.messages.length], ["ready", 0]);
  });
});
