/**
 * The mechanism of each connection, and who decides about its peer, from the options of its socket: what an entry brings
 * into `core/security.ts`'s port.
 *
 *     NULL     a domain                     ─▶ the ZAP handler; none: everybody, unless `zapEnforceDomain`
 *     PLAIN    server                       ─▶ the ZAP handler, which must be there
 *     CURVE    server   `allow`, if given, then the ZAP handler, if there is one (and a domain, where enforced)
 *
 * The rules are libzmq's. Does not own: mechanisms (`security/`), the conversation with the handler (zap-client.ts).
 */
import type { MechanismRequest, SecurityProvider } from "../core/security.ts";
import { CurveClient } from "../security/curve-client.ts";
import { type CurveCrypto, PORTABLE_CRYPTO } from "../security/curve-crypto.ts";
import { CurveServer } from "../security/curve-server.ts";
import { PlainClient, PlainServer } from "../security/plain.ts";
import { newSecretKey } from "../security/random.ts";
import { type Authority, type Mechanism, NO_AUTHORITY, NullMechanism } from "../zmtp/mechanism.ts";
import { AllowAuthority, type CertificateDirectories } from "./curve-allow.ts";
import { checkSecurity } from "./security-check.ts";
import { ZapClient } from "./zap-client.ts";

/** What differs between platforms. */
export interface SecurityParts {
  /** X25519: the public key of a secret key, 32 octets each. */
  publicKey(secretKey: Uint8Array): Uint8Array;
  readonly crypto?: CurveCrypto;
  /** Reads certificates; null where there are no files. */
  readonly certificates: CertificateDirectories | null;
}

export function securityProvider({ publicKey, crypto = PORTABLE_CRYPTO, certificates }: SecurityParts): SecurityProvider {
  return {
    keyPair() {
      const secretKey = newSecretKey();
      return { publicKey: publicKey(secretKey), secretKey };
    },

    check: checkSecurity,

    mechanism(request) {
      return makeMechanism(request, crypto, certificates);
    },
  };

  function makeMechanism(request: MechanismRequest, crypto: CurveCrypto, certificates: CertificateDirectories | null): Mechanism {
    const { settings, metadata } = request;
    const { mechanism, server, username, password, serverKey } = settings.security;
    if (mechanism === "NULL") return new NullMechanism(metadata, nullAuthority(request));
    if (mechanism === "PLAIN") {
      if (server) return new PlainServer(metadata, zap(request));
      return new PlainClient(username ?? "", password ?? "", metadata);
    }
    const secretKey = settings.security.secretKey as Uint8Array;
    const keys = { secretKey, publicKey: settings.security.publicKey ?? publicKey(secretKey) };
    if (!server) return new CurveClient({ ...keys, serverKey: serverKey as Uint8Array }, metadata, crypto);
    return new CurveServer(keys, metadata, new AllowAuthority(request, certificates, () => curveZap(request)), crypto);
  }
}

function zap({ context, settings, peer }: MechanismRequest): Authority {
  return new ZapClient(context, settings, peer);
}

function nullAuthority(request: MechanismRequest): Authority {
  const { settings, context } = request;
  if (settings.zapDomain === null) return NO_AUTHORITY;
  if (!settings.zapEnforceDomain && !ZapClient.hasHandler(context)) return NO_AUTHORITY;
  return zap(request);
}

// Null when ZAP has no say.
function curveZap(request: MechanismRequest): Authority | null {
  const { settings, context } = request;
  if (settings.zapEnforceDomain) return settings.zapDomain === null ? null : zap(request);
  return ZapClient.hasHandler(context) ? zap(request) : null;
}
