/**
 * The entry for pages and their workers: the API of `node.ts` over what a browser has. `ws` and `wss` can be connected,
 * `inproc` lives within a page or worker; nothing can be bound but `inproc`. Frames are `Uint8Array`.
 *
 * No module of Node.js is on its path; a bundler of nobody's choice is needed, for it is also one file for
 * `<script type="module">`.
 */
import { realClock } from "./base/clock.ts";
import { ZmqError } from "./base/errors.ts";
import { platformRandom } from "./base/random.ts";
import { decode, encode } from "./base/z85.ts";
import { type Capability, offers } from "./core/capability.ts";
import { type Context, defaultContext } from "./core/context.ts";
import { installPlatform } from "./core/platform.ts";
import { type SecurityProvider, toKey } from "./core/security.ts";
import { checkSecurity } from "./devices/security-check.ts";
import { LateMechanism } from "./security/late-mechanism.ts";
import { inprocTransport } from "./transports/inproc.ts";
import { dialOnlyTransport } from "./transports/websocket.ts";
import { NullMechanism } from "./zmtp/mechanism.ts";

/** Browsers allow typed arrays of this many bytes at least. */
const MAX_FRAME_BYTES = 0x7fffffff;

// Mechanisms and libsodium are files of their own, loaded with the first connection that needs them; before that keys
// cannot be computed.
let provider: SecurityProvider | null = null;

async function loadSecurity(): Promise<SecurityProvider> {
  const [{ securityProvider }, { Sodium }] = await Promise.all([
    import("./devices/security-provider.ts"),
    import("./security/sodium.ts"),
  ]);
  const publicKey = (secretKey: Uint8Array): Uint8Array => {
    if (Sodium.loaded === null) throw notReady();
    return Sodium.loaded.publicKey(secretKey);
  };
  provider ??= securityProvider({ publicKey, certificates: null });
  return provider;
}

function loadedSecurity(): SecurityProvider {
  if (provider === null) throw notReady();
  return provider;
}

function notReady(): ZmqError {
  return new ZmqError("not-offered", "CURVE's library is not loaded yet: `await curveReady()` before keys are made or derived");
}

const security: SecurityProvider = {
  publicKey: (secretKey) => loadedSecurity().publicKey(secretKey),
  keyPair: () => loadedSecurity().keyPair(),
  check: checkSecurity,
  mechanism(request) {
    const { security: choice, zapDomain } = request.settings;
    if (choice.mechanism === "NULL" && zapDomain === null) return new NullMechanism(request.metadata);
    return new LateMechanism(choice.mechanism, async () => (await loadSecurity()).mechanism(request));
  },
};

const warned = new Set<string>();

installPlatform({
  clock: realClock(),
  random: platformRandom,
  transports: () => [dialOnlyTransport("ws"), dialOnlyTransport("wss"), inprocTransport()],
  warn(text) {
    if (warned.has(text)) return;
    warned.add(text);
    console.warn(text);
  },
  maxFrameBytes: MAX_FRAME_BYTES,
  security,
  // A page does not end because it has nothing to do.
  onIdle: () => () => undefined,
});

/** The default context of this page or worker, which sockets use unless they are given another. */
export const context: Context = defaultContext();

/** The version of libzmq whose behaviour this library follows. */
export const version = "4.3.5";

/** What there is in a browser. */
export const capability: Capability = {
  ipc: false,
  pgm: false,
  tipc: false,
  norm: false,
  curve: true,
  gssapi: false,
  draft: false,
  ws: true,
  wss: true,
};

/** Whether a feature of libzmq is offered (zmq_has): the same answers as `capability`. */
export function has(name: string): boolean {
  return offers(capability, name);
}

/** Loads what CURVE needs, once, so that keys can be made. Connections wait for it by themselves. */
export async function curveReady(): Promise<void> {
  const [{ Sodium }] = await Promise.all([import("./security/sodium.ts"), loadSecurity()]);
  await Sodium.load(() => Promise.resolve(null));
}

/** A new key pair for CURVE, each key 40 characters of Z85 (zmq_curve_keypair). ENOTSUP before `curveReady`. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const { publicKey, secretKey } = security.keyPair();
  return { publicKey: encode(publicKey), secretKey: encode(secretKey) };
}

/** The public key of a secret key, both Z85 text (zmq_curve_public). ENOTSUP before `curveReady`, EINVAL for what is no key. */
export function curvePublicKey(secretKey: string | Uint8Array): string {
  return encode(security.publicKey(toKey("secretKey", secretKey)));
}

/** Z85 text of bytes and back (RFC 32). */
export const z85: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array } = { encode, decode };

export * from "./api.ts";
