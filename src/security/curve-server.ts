/**
 * CURVE, the server's side of the handshake (RFC 26).
 *
 *     ◀─ HELLO   WELCOME ─▶   ◀─ INITIATE   [the authority is asked]   READY ─▶   or ERROR ─▶
 *
 * Owns: what the server sends, and the checks on what the client sends; one more than libzmq's: the vouch must name this
 * server. Invariants: nobody is asked about a client before it has proved that it owns its key; a wrong box ends the connection without an answer;
 * the secrets of the connection are wiped when the handshake is over.
 */
import { copyBytes, equalBytes, readUint64 } from "../base/bytes.ts";
import { decodeCommand, encodeCommand, encodeMetadata } from "../zmtp/command.ts";
import {
  type Authority,
  consult,
  fail,
  type Mechanism,
  type MechanismStep,
  type OwnMetadata,
  type PeerIdentity,
  readyStep,
  unexpected,
} from "../zmtp/mechanism.ts";
import { CurveBox } from "./curve-box.ts";
import { type CurveCrypto, cryptoStep } from "./curve-crypto.ts";
import {
  counterNonce,
  HELLO,
  HELLO_TEXT_BYTES,
  INITIATE,
  INITIATE_TEXT,
  join,
  LONG_NONCE_BYTES,
  longNonce,
  READY_COUNTER,
  receivedNonce,
} from "./curve-wire.ts";
import type { RandomBytes } from "./random.ts";
import { type BoxKey, KEY_BYTES, Sodium } from "./sodium.ts";

/** The server's permanent keys; 32 octets each. */
export interface CurveServerKeys {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export class CurveServer implements Mechanism {
  readonly name = "CURVE";
  #keys: CurveServerKeys;
  #metadata: OwnMetadata;
  #authority: Authority;
  #crypto: CurveCrypto;
  #random: RandomBytes;
  #later: (step: MechanismStep) => void = () => undefined;
  #state: "hello" | "initiate" | "over" = "hello";
  // c's and our own keys of this connection, and the key of its cookie.
  #clientKey: Uint8Array = new Uint8Array(KEY_BYTES);
  #secretKey: Uint8Array = new Uint8Array(KEY_BYTES);
  #cookie: Uint8Array = new Uint8Array(0);
  #sessionKey: BoxKey | undefined;

  constructor(keys: CurveServerKeys, metadata: OwnMetadata, authority: Authority, crypto: CurveCrypto) {
    this.#keys = keys;
    this.#metadata = metadata;
    this.#authority = authority;
    this.#crypto = crypto;
    this.#random = crypto.random;
  }

  start(later: (step: MechanismStep) => void): MechanismStep {
    this.#later = later;
    return cryptoStep(this.#crypto, later, () => ({ kind: "listen" }));
  }

  onCommand(body: Uint8Array): MechanismStep {
    const name = decodeCommand(body)?.name;
    if (this.#state === "hello" && name === "HELLO") return this.#hello(body);
    if (this.#state === "initiate" && name === "INITIATE") return this.#initiate(body);
    return unexpected(body, this.#state === "hello" ? "HELLO" : "INITIATE");
  }

  #hello(body: Uint8Array): MechanismStep {
    if (body.length !== HELLO.bytes) return fail("malformed-hello", `HELLO has ${body.length} octets, ${HELLO.bytes} are right`);
    const [major, minor] = body.subarray(HELLO.version);
    if (major !== 1 || minor !== 0)
      return fail("malformed-hello", `HELLO announces CURVE ${major}.${minor}, this side speaks 1.0`);
    const sodium = Sodium.loaded as Sodium;
    this.#clientKey = copyBytes(body, HELLO.clientKey, HELLO.counter);
    const helloKey = sodium.sharedKey(this.#clientKey, this.#keys.secretKey);
    if (helloKey === undefined)
      return fail("cryptographic", "the client's key for this connection is not a key that can be used");
    const nonce = receivedNonce("CurveZMQHELLO---", body.subarray(HELLO.counter, HELLO.box));
    const text = sodium.open(body.subarray(HELLO.box), nonce, helloKey);
    if (text === undefined || text.length !== HELLO_TEXT_BYTES) {
      helloKey.close();
      return fail("cryptographic", "HELLO cannot be opened: the client has another server's key, or none");
    }
    this.#random(this.#secretKey);
    this.#sessionKey = sodium.sharedKey(this.#clientKey, this.#secretKey);
    const step = this.#welcome(sodium, helloKey);
    helloKey.close();
    return step;
  }

  #welcome(sodium: Sodium, helloKey: BoxKey): MechanismStep {
    const welcomeNonce = new Uint8Array(LONG_NONCE_BYTES);
    const cookieNonce = new Uint8Array(LONG_NONCE_BYTES);
    const cookieOctets = new Uint8Array(KEY_BYTES);
    this.#random(welcomeNonce);
    this.#random(cookieNonce);
    this.#random(cookieOctets);
    const cookieKey = sodium.secretKey(cookieOctets);
    const secret = join(this.#clientKey, this.#secretKey);
    // The state stays here, so the cookie need not be opened again: that it comes back as it was sent is the proof.
    this.#cookie = join(cookieNonce, sodium.seal(secret, longNonce("COOKIE--", cookieNonce), cookieKey));
    cookieKey.close();
    cookieOctets.fill(0);
    secret.fill(0);
    const serverKey = sodium.publicKey(this.#secretKey);
    const box = sodium.seal(join(serverKey, this.#cookie), longNonce("WELCOME-", welcomeNonce), helloKey);
    this.#state = "initiate";
    return { kind: "send", body: encodeCommand("WELCOME", join(welcomeNonce, box)) };
  }

  #initiate(body: Uint8Array): MechanismStep {
    if (body.length < INITIATE.leastBytes)
      return fail("malformed-initiate", `INITIATE has ${body.length} octets, ${INITIATE.leastBytes} is the least`);
    if (!equalBytes(body.subarray(INITIATE.cookie, INITIATE.counter), this.#cookie))
      return fail("cryptographic", "INITIATE does not carry the cookie of this connection");
    const sodium = Sodium.loaded as Sodium;
    const counter = body.subarray(INITIATE.counter, INITIATE.box);
    const key = this.#sessionKey;
    const nonce = receivedNonce("CurveZMQINITIATE", counter);
    const text = key && sodium.open(body.subarray(INITIATE.box), nonce, key);
    if (text === undefined) return fail("cryptographic", "INITIATE cannot be opened: it was changed, or forged");
    const publicKey = copyBytes(text, INITIATE_TEXT.clientKey, INITIATE_TEXT.vouchNonce);
    const vouchKey = sodium.sharedKey(publicKey, this.#secretKey);
    const vouchNonce = longNonce("VOUCH---", text.subarray(INITIATE_TEXT.vouchNonce, INITIATE_TEXT.vouch));
    const vouch = vouchKey && sodium.open(text.subarray(INITIATE_TEXT.vouch, INITIATE_TEXT.metadata), vouchNonce, vouchKey);
    vouchKey?.close();
    if (vouch === undefined)
      return fail("cryptographic", "the client's vouch cannot be opened: it does not own the key it names");
    if (!equalBytes(vouch, join(this.#clientKey, this.#keys.publicKey)))
      return fail("key-exchange", "the client vouches for another connection, or another server");
    const metadata = copyBytes(text, INITIATE_TEXT.metadata);
    const received = readUint64(counter, 0);
    return consult(this.#authority, { mechanism: "CURVE", credentials: [publicKey] }, this.#later, (identity) =>
      this.#ready(sodium, metadata, received, identity),
    );
  }

  #ready(sodium: Sodium, metadata: Uint8Array, received: number, identity: PeerIdentity): MechanismStep {
    const key = this.#sessionKey as BoxKey;
    const nonce = counterNonce("CurveZMQREADY---", READY_COUNTER);
    const reply = encodeCommand("READY", join(nonce.subarray(16), sodium.seal(encodeMetadata(this.#metadata), nonce, key)));
    this.#sessionKey = undefined;
    const transform = new CurveBox(sodium, key, "server", READY_COUNTER, received);
    const step = readyStep(metadata, { reply, identity, transform });
    if (step.kind !== "ready") transform.close();
    return step;
  }

  close(): void {
    this.#state = "over";
    this.#authority.cancel();
    this.#sessionKey?.close();
    this.#secretKey.fill(0);
  }
}
