/**
 * CURVE, the client's side of the handshake (RFC 26).
 *
 *     HELLO ─▶   ◀─ WELCOME   INITIATE ─▶   ◀─ READY        ERROR instead of WELCOME or READY: refused
 *
 * Owns: what the client sends, and the checks on what the server sends. Boxes are libsodium's, layouts are in
 * curve-wire.ts. Invariants: the key pair of the connection is made for it, its secret half is wiped when the handshake is over; a
 * server that has not the secret half of `serverKey` cannot get past WELCOME.
 */
import { copyBytes, readUint64 } from "../base/bytes.ts";
import { decodeCommand, encodeCommand, encodeMetadata } from "../zmtp/command.ts";
import { fail, type Mechanism, type MechanismStep, type OwnMetadata, readyStep, refusal, unexpected } from "../zmtp/mechanism.ts";
import { CurveBox } from "./curve-box.ts";
import { type CurveCrypto, cryptoStep } from "./curve-crypto.ts";
import {
  COOKIE_BYTES,
  counterNonce,
  HELLO_COUNTER,
  HELLO_TEXT_BYTES,
  INITIATE_COUNTER,
  join,
  LONG_NONCE_BYTES,
  longNonce,
  READY,
  receivedNonce,
  WELCOME,
} from "./curve-wire.ts";
import type { RandomBytes } from "./random.ts";
import { type BoxKey, KEY_BYTES, type Sodium } from "./sodium.ts";

/** The keys of a client; 32 octets each. */
export interface CurveClientKeys {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
  /** The server that this client talks to, and to no other. */
  readonly serverKey: Uint8Array;
}

const VERSION = Uint8Array.of(1, 0);
const HELLO_PADDING_BYTES = 72;

export class CurveClient implements Mechanism {
  readonly name = "CURVE";
  #keys: CurveClientKeys;
  #metadata: OwnMetadata;
  #crypto: CurveCrypto;
  #random: RandomBytes;
  #state: "start" | "welcome" | "ready" | "over" = "start";
  #sodium: Sodium | null = null;
  // c', and the keys of the boxes with S and with S'.
  #secretKey: Uint8Array = new Uint8Array(KEY_BYTES);
  #clientKey: Uint8Array = new Uint8Array(KEY_BYTES);
  #helloKey: BoxKey | undefined;
  #sessionKey: BoxKey | undefined;

  constructor(keys: CurveClientKeys, metadata: OwnMetadata, crypto: CurveCrypto) {
    this.#keys = keys;
    this.#metadata = metadata;
    this.#crypto = crypto;
    this.#random = crypto.random;
  }

  start(later: (step: MechanismStep) => void): MechanismStep {
    return cryptoStep(this.#crypto, later, (sodium) => this.#hello(sodium));
  }

  onCommand(body: Uint8Array): MechanismStep {
    const command = decodeCommand(body);
    if (command?.name === "ERROR" && this.#state !== "over") return refusal(command.data);
    if (this.#state === "welcome" && command?.name === "WELCOME") return this.#welcome(body);
    if (this.#state === "ready" && command?.name === "READY") return this.#ready(body);
    return unexpected(body, this.#state === "welcome" ? "WELCOME or ERROR" : "READY or ERROR");
  }

  #hello(sodium: Sodium): MechanismStep {
    this.#sodium = sodium;
    this.#random(this.#secretKey);
    this.#clientKey = sodium.publicKey(this.#secretKey);
    this.#helloKey = sodium.sharedKey(this.#keys.serverKey, this.#secretKey);
    if (this.#helloKey === undefined) return fail("cryptographic", "curveServerKey is not a key that can be used");
    this.#state = "welcome";
    const nonce = counterNonce("CurveZMQHELLO---", HELLO_COUNTER);
    const box = sodium.seal(new Uint8Array(HELLO_TEXT_BYTES), nonce, this.#helloKey);
    const data = join(VERSION, new Uint8Array(HELLO_PADDING_BYTES), this.#clientKey, nonce.subarray(16), box);
    return { kind: "send", body: encodeCommand("HELLO", data) };
  }

  #welcome(body: Uint8Array): MechanismStep {
    if (body.length !== WELCOME.bytes)
      return fail("malformed-welcome", `WELCOME has ${body.length} octets, ${WELCOME.bytes} are right`);
    const sodium = this.#sodium as Sodium;
    const nonce = longNonce("WELCOME-", body.subarray(WELCOME.nonce, WELCOME.box));
    const text = sodium.open(body.subarray(WELCOME.box), nonce, this.#helloKey as BoxKey);
    if (text === undefined) return fail("cryptographic", "WELCOME cannot be opened: the server is not who its key says");
    const serverKey = text.subarray(0, KEY_BYTES);
    const cookie = text.subarray(KEY_BYTES, KEY_BYTES + COOKIE_BYTES);
    this.#sessionKey = sodium.sharedKey(serverKey, this.#secretKey);
    const vouchKey = sodium.sharedKey(serverKey, this.#keys.secretKey);
    if (this.#sessionKey === undefined || vouchKey === undefined)
      return fail("cryptographic", "the server's key for this connection is not a key that can be used");
    const vouchNonce = new Uint8Array(LONG_NONCE_BYTES);
    this.#random(vouchNonce);
    const vouch = sodium.seal(join(this.#clientKey, this.#keys.serverKey), longNonce("VOUCH---", vouchNonce), vouchKey);
    vouchKey.close();
    const initiateNonce = counterNonce("CurveZMQINITIATE", INITIATE_COUNTER);
    const identity = join(this.#keys.publicKey, vouchNonce, vouch, encodeMetadata(this.#metadata));
    const box = sodium.seal(identity, initiateNonce, this.#sessionKey);
    this.#state = "ready";
    return { kind: "send", body: encodeCommand("INITIATE", join(cookie, initiateNonce.subarray(16), box)) };
  }

  #ready(body: Uint8Array): MechanismStep {
    if (body.length < READY.leastBytes)
      return fail("malformed-ready", `READY has ${body.length} octets, ${READY.leastBytes} is the least`);
    const sodium = this.#sodium as Sodium;
    const key = this.#sessionKey as BoxKey;
    const counter = body.subarray(READY.counter, READY.box);
    const metadata = sodium.open(body.subarray(READY.box), receivedNonce("CurveZMQREADY---", counter), key);
    if (metadata === undefined) return fail("cryptographic", "READY cannot be opened: it was changed, or forged");
    this.#sessionKey = undefined;
    const transform = new CurveBox(sodium, key, "client", INITIATE_COUNTER, readUint64(counter, 0));
    const step = readyStep(copyBytes(metadata), { transform });
    if (step.kind !== "ready") transform.close();
    return step;
  }

  close(): void {
    this.#state = "over";
    this.#helloKey?.close();
    this.#sessionKey?.close();
    this.#secretKey.fill(0);
  }
}
