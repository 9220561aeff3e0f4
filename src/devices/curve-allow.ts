/**
 * Decides whether a CURVE client may come in: `allow` first, then the ZAP handler if it has a say.
 *
 * Owns the forms of `allow`. Does not own: reading certificates (certificate-files.ts). Invariant: an `allow` that fails
 * lets nobody in, and its error reaches the user as the reason, never a peer.
 */
import { fromText } from "../base/bytes.ts";
import { encode } from "../base/z85.ts";
import type { CurveAdmission, CurveAllow, CurveKey, CurvePeer } from "../core/curve-options.ts";
import type { MechanismRequest } from "../core/security.ts";
import { ZAP_ENDPOINT } from "../security/zap.ts";
import type { Metadata } from "../zmtp/command.ts";
import type { Authority, PeerIdentity, Verdict } from "../zmtp/mechanism.ts";

/** Said once when a CURVE server has nobody to ask. */
const EVERYBODY_WARNING = `A CURVE server without \`curve: { allow }\` and without a ZAP handler at ${ZAP_ENDPOINT} lets every client in that has its public key; set \`allow: "any"\` if that is meant.`;

/** Directories of certificates, by path. */
export interface CertificateDirectories {
  /** The certificate of a public key in Z85; undefined when there is none. */
  find(directory: string, publicKey: string): Promise<{ readonly metadata: ReadonlyMap<string, string> } | undefined>;
}

export class AllowAuthority implements Authority {
  #request: MechanismRequest;
  #certificates: CertificateDirectories | null;
  #makeNext: () => Authority | null;
  #next: Authority | null = null;
  #cancelled = false;

  /** `next` gives the authority that is asked about those who are allowed; null: nobody. */
  constructor(request: MechanismRequest, certificates: CertificateDirectories | null, next: () => Authority | null) {
    this.#request = request;
    this.#certificates = certificates;
    this.#makeNext = next;
  }

  ask(mechanism: string, credentials: readonly Uint8Array[], answer: (verdict: Verdict) => void): void {
    const publicKey = encode(credentials[0]);
    const then = (admission: boolean | CurveAdmission): void => {
      if (this.#cancelled) return;
      if (admission === false)
        return answer({ kind: "refuse", status: 400, text: `\`allow\` does not have the key ${publicKey}` });
      const identity = identityOf(publicKey, admission);
      if (this.#next === null) return answer({ kind: "accept", ...identity });
      this.#next.ask(mechanism, credentials, (verdict) =>
        answer(verdict.kind === "accept" ? { kind: "accept", ...joinIdentities(verdict, identity) } : verdict),
      );
    };
    const { allow } = this.#request.settings.security;
    this.#next = this.#makeNext();
    if (allow === null && this.#next === null) this.#request.context.warn(EVERYBODY_WARNING);
    const { peer } = this.#request;
    const found = allow === null || judgeKey(allow, { publicKey, address: peer.address, peer }, this.#certificates);
    if (found instanceof Promise) {
      found.then(then, (error: unknown) => {
        if (!this.#cancelled) answer({ kind: "refuse", status: 500, text: `\`allow\` failed: ${String(error)}` });
      });
    } else then(found);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#next?.cancel();
  }
}

/** What `allow` says of a peer. Rejects when it fails. */
export function judgeKey(
  allow: CurveAllow,
  peer: CurvePeer,
  certificates: CertificateDirectories | null,
): boolean | CurveAdmission | Promise<boolean | CurveAdmission> {
  if (allow === "any") return true;
  if (typeof allow === "function") return askFunction(allow, peer);
  if ("directory" in allow) return inDirectory(allow.directory, peer.publicKey, certificates);
  return hasKey(allow, peer.publicKey);
}

async function askFunction(
  allow: CurveAllow & ((peer: CurvePeer) => unknown),
  peer: CurvePeer,
): Promise<boolean | CurveAdmission> {
  const answer = await allow(peer);
  return answer !== null && typeof answer === "object" ? answer : answer === true;
}

async function inDirectory(
  directory: string,
  publicKey: string,
  certificates: CertificateDirectories | null,
): Promise<boolean | CurveAdmission> {
  if (certificates === null) throw new Error("there are no directories on this platform");
  const certificate = await certificates.find(directory, publicKey);
  return certificate === undefined ? false : { metadata: Object.fromEntries(certificate.metadata) };
}

// Public keys are no secrets, so they may be compared in any time.
function hasKey(keys: Iterable<CurveKey>, publicKey: string): boolean {
  if (keys instanceof Set && keys.has(publicKey)) return true;
  for (const key of keys) if ((typeof key === "string" ? key : encode(key)) === publicKey) return true;
  return false;
}

function identityOf(publicKey: string, admission: true | CurveAdmission): PeerIdentity {
  if (admission === true) return { userId: publicKey, metadata: new Map() };
  const metadata = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(admission.metadata ?? {}))
    metadata.set(name, typeof value === "string" ? fromText(value) : value);
  return { userId: admission.userId ?? publicKey, metadata };
}

// The handler's word counts first.
function joinIdentities(handler: PeerIdentity, allow: PeerIdentity): PeerIdentity {
  const metadata: Metadata = new Map([...allow.metadata, ...handler.metadata]);
  return { userId: handler.userId === "" ? allow.userId : handler.userId, metadata };
}
