/**
 * CURVE without a socket: both mechanisms driven by hand, their random octets from a list, and NaCl by `tweetnacl`, an
 * implementation of its own, to check them against.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { CurveClient } from "../../src/security/curve-client.ts";
import type { CurveCrypto } from "../../src/security/curve-crypto.ts";
import { CurveServer } from "../../src/security/curve-server.ts";
import { secureRandom } from "../../src/security/random.ts";
import { Sodium } from "../../src/security/sodium.ts";
import {
  type Authority,
  type FrameTransform,
  type HandshakeFailure,
  type HandshakeReady,
  type MechanismStep,
  NO_AUTHORITY,
} from "../../src/zmtp/mechanism.ts";
import { text } from "./bytes.ts";

export interface Nacl {
  box: {
    (message: Uint8Array, nonce: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array;
    open(box: Uint8Array, nonce: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array | null;
    before(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array;
    keyPair: { fromSecretKey(secretKey: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } };
  };
  secretbox: {
    (message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
    open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null;
  };
}

/** The package `tweetnacl`. It takes only plain Uint8Arrays, no Buffers of another realm. */
export const nacl: Nacl = createRequire(import.meta.url)("tweetnacl");

export const portable: CurveCrypto = { random: secureRandom, loadNative: () => Promise.resolve(null) };

/** libsodium, loaded for tests that work with it directly. */
export const loadSodium = (): Promise<Sodium> => Sodium.load(portable.loadNative);

/** Random octets as a list gives them: each call takes the next, which must have the length asked for. */
export function listed(...values: readonly Uint8Array[]): CurveCrypto {
  let next = 0;
  return {
    random(bytes) {
      assert.equal(values[next]?.length, bytes.length, `random octets, call ${next}`);
      bytes.set(values[next++]);
    },
    loadNative: () => Promise.resolve(null),
  };
}

export const fill = (octet: number, length = 32): Uint8Array => new Uint8Array(length).fill(octet);

export const SERVER = nacl.box.keyPair.fromSecretKey(fill(0x11));
export const CLIENT = nacl.box.keyPair.fromSecretKey(fill(0x22));

export const metadataOf = (type: string): [string, Uint8Array][] => [
  ["Socket-Type", text(type)],
  ["Identity", new Uint8Array(0)],
];

export const never = (): void => assert.fail("nothing is waited for");

export function makeClient(crypto: CurveCrypto = portable, serverKey = SERVER.publicKey): CurveClient {
  return new CurveClient({ ...CLIENT, serverKey }, metadataOf("DEALER"), crypto);
}

export function makeServer(crypto: CurveCrypto = portable, authority: Authority = NO_AUTHORITY): CurveServer {
  return new CurveServer(SERVER, metadataOf("ROUTER"), authority, crypto);
}

export function sent(step: MechanismStep): Uint8Array {
  assert.equal(step.kind, "send", JSON.stringify(step));
  return (step as { body: Uint8Array }).body;
}

export function readyOf(step: MechanismStep): HandshakeReady {
  assert.equal(step.kind, "ready", JSON.stringify(step));
  return step as HandshakeReady;
}

export function failureOf(step: MechanismStep): HandshakeFailure {
  assert.equal(step.kind, "fail", JSON.stringify(step));
  return step as HandshakeFailure;
}

/** The sealed frames. */
export function sealAll(transform: FrameTransform, parts: readonly Uint8Array[]): Uint8Array[] {
  const sealed = transform.seal(parts, { lend: (bytes) => new Uint8Array(bytes) });
  assert.ok(sealed);
  return sealed;
}

/** The four commands of a handshake and both ends' transforms. */
export interface Handshake {
  readonly client: CurveClient;
  readonly server: CurveServer;
  readonly hello: Uint8Array;
  readonly welcome: Uint8Array;
  readonly initiate: Uint8Array;
  readonly ready: Uint8Array;
  readonly fromClient: FrameTransform;
  readonly fromServer: FrameTransform;
}

/** A whole handshake. libsodium must be loaded. */
export function shakeHands(client = makeClient(), server = makeServer()): Handshake {
  assert.equal(server.start(never).kind, "listen");
  const hello = sent(client.start(never));
  const welcome = sent(server.onCommand(hello));
  const initiate = sent(client.onCommand(welcome));
  const atServer = readyOf(server.onCommand(initiate));
  const ready = atServer.reply as Uint8Array;
  const atClient = readyOf(client.onCommand(ready));
  return {
    client,
    server,
    hello,
    welcome,
    initiate,
    ready,
    fromClient: atClient.transform as FrameTransform,
    fromServer: atServer.transform as FrameTransform,
  };
}
