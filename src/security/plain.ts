/**
 * PLAIN (RFC 24): user name and password in clear text, both sides of the handshake.
 *
 *     client   HELLO(user, password) ─▶   ◀─ WELCOME   INITIATE(metadata) ─▶   ◀─ READY(metadata)
 *
 * libzmq 4.3 writes PLAIN's ERROR with a wrong name, 5e "RROR" instead of 05 "ERROR", and understands nothing else; so
 * the server writes it that way, and the client reads both.
 * Invariant: the password goes into no text of ours.
 */
import { concat, copyBytes, fromText } from "../base/bytes.ts";
import { decodeCommand, encodeCommand, encodeError, encodeMetadata } from "../zmtp/command.ts";
import {
  type Authority,
  consult,
  fail,
  type Mechanism,
  type MechanismStep,
  type OwnMetadata,
  type PeerIdentity,
  readyStep,
  refusal,
  unexpected,
} from "../zmtp/mechanism.ts";

/** What libzmq writes where RFC 24 has 05 "ERROR". */
const LIBZMQ_ERROR = Uint8Array.of(0x5e, 0x52, 0x52, 0x4f, 0x52);

export class PlainClient implements Mechanism {
  readonly name = "PLAIN";
  readonly confidential = true;
  #username: Uint8Array;
  #password: Uint8Array;
  #metadata: OwnMetadata;
  #state: "welcome" | "ready" = "welcome";

  /** Both are at most 255 octets of UTF-8. */
  constructor(username: string, password: string, metadata: OwnMetadata) {
    this.#username = fromText(username);
    this.#password = fromText(password);
    this.#metadata = metadata;
  }

  start(): MechanismStep {
    const parts = [Uint8Array.of(this.#username.length), this.#username, Uint8Array.of(this.#password.length), this.#password];
    const size = 2 + this.#username.length + this.#password.length;
    return { kind: "send", body: encodeCommand("HELLO", concat(parts, size)) };
  }

  onCommand(body: Uint8Array): MechanismStep {
    if (isLibzmqError(body)) return refusal(body.subarray(LIBZMQ_ERROR.length));
    const command = decodeCommand(body);
    if (command?.name === "ERROR") return refusal(command.data);
    if (this.#state === "ready") {
      return command?.name === "READY" ? readyStep(command.data) : unexpected(body, "READY or ERROR");
    }
    if (command?.name !== "WELCOME") return unexpected(body, "WELCOME or ERROR");
    if (command.data.length > 0)
      return fail("malformed-welcome", `WELCOME carries ${command.data.length} octets, none are right`);
    this.#state = "ready";
    return { kind: "send", body: encodeCommand("INITIATE", encodeMetadata(this.#metadata)) };
  }

  close(): void {
    this.#password.fill(0);
  }
}

export class PlainServer implements Mechanism {
  readonly name = "PLAIN";
  readonly confidential = true;
  #metadata: OwnMetadata;
  #authority: Authority;
  #identity: PeerIdentity | undefined;
  #state: "hello" | "initiate" = "hello";
  #later: (step: MechanismStep) => void = () => undefined;

  constructor(metadata: OwnMetadata, authority: Authority) {
    this.#metadata = metadata;
    this.#authority = authority;
  }

  start(later: (step: MechanismStep) => void): MechanismStep {
    this.#later = later;
    return { kind: "listen" };
  }

  onCommand(body: Uint8Array): MechanismStep {
    const command = decodeCommand(body);
    if (this.#state === "initiate") {
      if (command?.name !== "INITIATE") return unexpected(body, "INITIATE");
      const reply = encodeCommand("READY", encodeMetadata(this.#metadata));
      return readyStep(command.data, { reply, identity: this.#identity });
    }
    if (command?.name !== "HELLO") return unexpected(body, "HELLO");
    const credentials = decodeHello(command.data);
    if (credentials === undefined) return fail("malformed-hello", "HELLO is not a user name and a password");
    const accept = (identity: PeerIdentity): MechanismStep => {
      this.#identity = identity;
      this.#state = "initiate";
      return { kind: "send", body: encodeCommand("WELCOME") };
    };
    return consult(this.#authority, { mechanism: "PLAIN", credentials }, this.#later, accept, plainError);
  }

  close(): void {
    this.#authority.cancel();
  }
}

/** The user name and password of a HELLO, which they must use up exactly; in memory of their own. */
export function decodeHello(data: Uint8Array): [username: Uint8Array, password: Uint8Array] | undefined {
  if (data.length < 2) return undefined;
  const nameEnd = 1 + data[0];
  if (nameEnd >= data.length) return undefined;
  if (nameEnd + 1 + data[nameEnd] !== data.length) return undefined;
  return [copyBytes(data, 1, nameEnd), copyBytes(data, nameEnd + 1)];
}

function plainError(reason: string): Uint8Array {
  const body = encodeError(reason);
  return concat([LIBZMQ_ERROR, body.subarray(1 + "ERROR".length)], body.length - 1);
}

function isLibzmqError(body: Uint8Array): boolean {
  return body.length > LIBZMQ_ERROR.length && LIBZMQ_ERROR.every((octet, at) => body[at] === octet);
}
