/**
 * A ZAP handler (RFC 27): decides about peers by their address, name and password, or CURVE key, as CZMQ's zauth and
 * pyzmq's Authenticator do.
 *
 *     address   if any is allowed, only those; else all but those denied
 *     NULL      whoever passes                    PLAIN   name and password      CURVE   key, by `curve`'s `allow`
 *
 * Owns the handler's socket and its rules. Does not own passwords' files (passwords.ts) or certificates. Invariant: an error in a
 * rule answers 500, lets nobody in, and ends nothing.
 */
import { EMPTY, fromText, toText } from "../base/bytes.ts";
import { describe, ZmqError } from "../base/errors.ts";
import { encode } from "../base/z85.ts";
import type { Context } from "../core/context.ts";
import { type CurveAdmission, type CurveAllow, checkAllow } from "../core/curve-options.ts";
import { Peer } from "../core/peer.ts";
import { decodeRequest, encodeReply, ZAP_ENDPOINT, type ZapRequest } from "../security/zap.ts";
import { Router } from "../sockets/router.ts";
import { CertificateStore } from "./certificate-files.ts";
import { judgeKey } from "./curve-allow.ts";
import { type PasswordSource, Passwords } from "./passwords.ts";

/** What an authenticator is made with; each can be said later, too. */
export interface AuthenticatorOptions {
  readonly context?: Context;
  /** Addresses that may come in; if there are any, no others may. */
  readonly allow?: readonly string[];
  /** Addresses that may not. */
  readonly deny?: readonly string[];
  /** Names and passwords for PLAIN, or the file that has them. */
  readonly plain?: PasswordSource;
  /** Keys for CURVE. */
  readonly curve?: CurveAllow;
}

/** Every decision, for a log; passwords are not in it. */
export interface Decision {
  readonly domain: string;
  readonly address: string;
  readonly mechanism: string;
  /** The PLAIN user, or the CURVE key; empty for NULL. */
  readonly userId: string;
  readonly status: 200 | 400 | 500;
  readonly text: string;
}

interface Answer {
  readonly status: 200 | 400 | 500;
  readonly text: string;
  readonly userId: string;
  readonly metadata?: Iterable<readonly [string, Uint8Array]>;
}

/** A domain of this name is all that have no rule of their own. */
const ANY_DOMAIN = "*";

/** A ZAP handler for the sockets of a context; see `docs/security.md`. */
export class Authenticator {
  /** Called with every decision. */
  onDecision: ((decision: Decision) => void) | null = null;
  #socket: Router;
  #certificates = new CertificateStore();
  #allowed = new Set<string>();
  #denied = new Set<string>();
  #passwords = new Map<string, Passwords>();
  #keys = new Map<string, CurveAllow>();

  /**
   * Answers from now on all questions of the sockets of a context. One per context: EADDRINUSE when there is a handler
   * already.
   */
  constructor(options: AuthenticatorOptions = {}) {
    const { context, allow = [], deny = [], plain, curve } = options;
    this.allow(...allow);
    this.deny(...deny);
    if (plain !== undefined) this.plain(plain);
    if (curve !== undefined) this.curve(curve);
    this.#socket = new Router(context === undefined ? { linger: 0 } : { linger: 0, context });
    try {
      this.#socket.bindSync(ZAP_ENDPOINT);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    void this.#serve();
  }

  /** Lets these addresses in (and, from the first on, no others). */
  allow(...addresses: readonly string[]): this {
    for (const address of addresses) this.#allowed.add(checkAddress(address));
    return this;
  }

  /** Keeps these addresses out. */
  deny(...addresses: readonly string[]): this {
    for (const address of addresses) this.#denied.add(checkAddress(address));
    return this;
  }

  /** Names and passwords of a ZAP domain, by default of all that have none of their own. */
  plain(source: PasswordSource, domain: string = ANY_DOMAIN): this {
    this.#passwords.set(domain, new Passwords(source));
    return this;
  }

  /** Keys of a ZAP domain, by default of all that have none of their own. */
  curve(allow: CurveAllow, domain: string = ANY_DOMAIN): this {
    this.#keys.set(domain, checkAllow(allow));
    return this;
  }

  /** Stops; connections that were let in stay. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #serve(): Promise<void> {
    for await (const [peer, delimiter, ...frames] of this.#socket) {
      const request = decodeRequest(frames);
      if (delimiter.length > 0 || request === undefined) continue;
      void this.#answer(request).then(({ status, text, userId, metadata = [] }) => {
        const { domain, address, mechanism } = request;
        this.onDecision?.({ domain, address, mechanism, userId, status, text });
        if (this.#socket.closed) return;
        this.#socket.trySend([peer, EMPTY, ...encodeReply(request.id, status, text, status === 200 ? userId : "", metadata)]);
      });
    }
  }

  async #answer(request: ZapRequest): Promise<Answer> {
    const { address, mechanism } = request;
    const listed = this.#allowed.size > 0 ? this.#allowed.has(address) : !this.#denied.has(address);
    if (!listed) return refused("address not allowed");
    try {
      if (mechanism === "NULL") return { status: 200, text: "OK", userId: "" };
      if (mechanism === "PLAIN") return await this.#checkPlain(request);
      if (mechanism === "CURVE") return await this.#checkCurve(request);
      return refused("mechanism not known");
    } catch (error) {
      return { status: 500, text: `the rule failed: ${error instanceof Error ? error.message : String(error)}`, userId: "" };
    }
  }

  async #checkPlain({ domain, credentials }: ZapRequest): Promise<Answer> {
    const passwords = this.#passwords.get(domain) ?? this.#passwords.get(ANY_DOMAIN);
    if (passwords === undefined || credentials.length !== 2) return refused("no passwords are known");
    const [name, password] = credentials;
    const userId = toText(name);
    if (await passwords.has(userId, password)) return { status: 200, text: "OK", userId };
    return refused("wrong name or password", userId);
  }

  async #checkCurve({ domain, address, credentials }: ZapRequest): Promise<Answer> {
    const allow = this.#keys.get(domain) ?? this.#keys.get(ANY_DOMAIN);
    if (allow === undefined || credentials[0]?.length !== 32) return refused("no keys are known");
    const publicKey = encode(credentials[0]);
    const peer = { publicKey, address, peer: new Peer(ZAP_ENDPOINT) };
    const admission = await judgeKey(allow, peer, this.#certificates);
    if (admission === false) return refused("the key is not known", publicKey);
    const { userId = publicKey, metadata = {} }: CurveAdmission = admission === true ? {} : admission;
    const properties = Object.entries(metadata).map(
      ([name, value]) => [name, typeof value === "string" ? fromText(value) : value] as const,
    );
    return { status: 200, text: "OK", userId, metadata: properties };
  }
}

function refused(text: string, userId = ""): Answer {
  return { status: 400, text, userId };
}

function checkAddress(address: unknown): string {
  if (typeof address === "string" && address !== "") return address;
  throw new ZmqError("invalid-argument", `An address must be a text such as "10.0.0.7", got ${describe(address)}`);
}
