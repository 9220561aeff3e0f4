// Attacks over TCP on a service that a good peer uses meanwhile: nothing crashes, memory grows by no more than the attacker really sent, the good peer
// gets its answers.

import assert from "node:assert/strict";
import { connect, type Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import { toKey } from "../../src/core/security.ts";
import { type CurveKey, type CurveKeyPair, Reply, Request, type Socket } from "../../src/node.ts";
import { CurveClient } from "../../src/security/curve-client.ts";
import { FLAG_COMMAND } from "../../src/zmtp/frame-encoder.ts";
import type { FrameTransform } from "../../src/zmtp/mechanism.ts";
import { metadataOf, never, portable, readyOf, sent } from "./curve.ts";
import { frame, greeting } from "./engine-probe.ts";
import { heldBytes } from "./garbage.ts";
import { bound, Events, eventually, own } from "./harness.ts";

/** Bytes over TCP, and what comes back. */
export class Attacker {
  readonly socket: TcpSocket;
  received = Buffer.alloc(0);
  ended = false;

  constructor(t: TestContext, endpoint: string) {
    this.socket = connect(Number(endpoint.split(":").at(-1)), "127.0.0.1");
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.ended = true;
    });
    t.after(() => this.socket.destroy());
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  async read(count: number): Promise<Buffer> {
    await eventually(() => this.received.length >= count);
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return taken;
  }

  /** The body of the next frame. */
  async frame(): Promise<Buffer> {
    const [flags, short] = await this.read(2);
    if ((flags & 2) === 0) return this.read(short);
    const rest = await this.read(7);
    return this.read(Number(Buffer.concat([Buffer.from([short]), rest]).readBigUInt64BE()));
  }

  /** A whole CURVE handshake, by hand, as a REQ. */
  async shakeHands(serverKey: CurveKey, pair: CurveKeyPair): Promise<FrameTransform> {
    this.send(greeting({ mechanism: "CURVE" }));
    await this.read(64);
    const key = (value: CurveKey): Uint8Array => toKey("key", value);
    const keys = { publicKey: key(pair.publicKey), secretKey: key(pair.secretKey), serverKey: key(serverKey) };
    const mechanism = new CurveClient(keys, metadataOf("REQ"), portable);
    this.send(frame(sent(mechanism.start(never)), FLAG_COMMAND));
    this.send(frame(sent(mechanism.onCommand(await this.frame())), FLAG_COMMAND));
    const { transform } = readyOf(mechanism.onCommand(await this.frame()));
    assert.ok(transform);
    return transform;
  }

  async over(): Promise<void> {
    await eventually(() => this.ended);
  }
}

export interface Service {
  readonly endpoint: string;
  readonly socket: Socket;
  readonly events: Events;
  /** A question of the good peer, and its answer. */
  ask(): Promise<void>;
}

/** A REP that answers, and a REQ of good will that asks it. */
export async function service(
  t: TestContext,
  options: ConstructorParameters<typeof Reply>[0],
  theirs: ConstructorParameters<typeof Request>[0],
) {
  const socket = own(t, new Reply({ linger: 0, ...options }));
  const endpoint = await bound(socket);
  void socket.drain((question) => void socket.trySend(question));
  const good = own(t, new Request({ linger: 0, ...theirs }));
  good.connect(endpoint);
  await good.connected();
  let count = 0;
  let last = Promise.resolve();
  const askOne = async (): Promise<void> => {
    await good.send(`question ${++count}`);
    assert.equal(String((await good.receive({ timeout: 5000 }))[0]), `question ${count}`);
  };
  // One question at a time, whoever asks.
  const ask = (): Promise<void> => {
    last = last.then(askOne);
    return last;
  };
  await ask();
  return { endpoint, socket, events: new Events(socket), ask } satisfies Service;
}

export const MIB = 1024 * 1024;

/** The attack costs no more than so much memory, and the good peer is served before, during and after. */
export async function withstand({ ask }: Service, attack: () => Promise<void>, most = 24 * MIB): Promise<void> {
  const before = await heldBytes();
  await Promise.all([attack(), ask()]);
  await ask();
  const growth = (await heldBytes()) - before;
  assert.ok(growth < most, `memory grew by ${growth} bytes`);
}
