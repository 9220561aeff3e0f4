/**
 * The entry for Node.js: installs the platform (clock, transports) and exports the public API.
 *
 * The API is a superset of npm `zeromq` 6: same classes, methods, option names, defaults and error codes.
 */
import { constants as bufferConstants } from "node:buffer";
import { availableParallelism, constants as osConstants } from "node:os";
import { realClock } from "./base/clock.ts";
import { usePlatformErrno } from "./base/errors.ts";
import { platformRandom } from "./base/random.ts";
import { decode, encode } from "./base/z85.ts";
import { type Capability, offers } from "./core/capability.ts";
import { type Context, defaultContext } from "./core/context.ts";
import { installPlatform } from "./core/platform.ts";
import { toKey } from "./core/security.ts";
import { CertificateStore } from "./devices/certificate-files.ts";
import { securityProvider } from "./devices/security-provider.ts";
import { x25519PublicKey } from "./devices/x25519.ts";
import { loadSodiumNative } from "./security/native-box.ts";
import { newSecretKey, secureRandom } from "./security/random.ts";
import { epgmTransport } from "./transports/epgm.ts";
import { inprocTransport } from "./transports/inproc.ts";
import { ipcTransport } from "./transports/ipc.ts";
import { tcpTransport } from "./transports/tcp.ts";
import { Threads } from "./transports/threads.ts";
import { tlsTransport } from "./transports/tls.ts";
import { udpTransport } from "./transports/udp.ts";
import { webSocketTransports } from "./transports/websocket-transport.ts";
import { workerHost } from "./transports/worker-host.ts";
import { STREAM_PROTOCOLS } from "./zmtp/stream-framing.ts";

const threads = new Threads(workerHost());

const idle = new Set<() => void>();
process.on("beforeExit", () => {
  for (const callback of [...idle]) callback();
});

const security = securityProvider({
  publicKey: x25519PublicKey,
  crypto: { random: secureRandom, loadNative: loadSodiumNative },
  certificates: new CertificateStore(),
});

const warned = new Set<string>();

const clock = realClock();
// Bun and Deno run immediates before they look for input; and who has one core looks in vain while nobody else can work.
const polls = process.versions.bun === undefined && process.versions.deno === undefined && availableParallelism() > 1;

installPlatform({
  clock: {
    ...clock,
    poll: polls ? setImmediate : undefined,
    hold(on) {
      clock.hold(on);
      threads.watch(on);
    },
  },
  random: platformRandom,
  transports: () => [
    tcpTransport,
    tlsTransport,
    ipcTransport,
    inprocTransport(),
    udpTransport,
    epgmTransport,
    ...webSocketTransports(),
  ],
  shared: {
    transports: () => [
      tcpTransport,
      tlsTransport,
      ipcTransport,
      threads.transport(),
      udpTransport,
      epgmTransport,
      ...webSocketTransports(),
    ],
    waitForThreads: (ms) => threads.wait(ms),
  },
  warn(text) {
    if (warned.has(text)) return;
    warned.add(text);
    process.emitWarning(text);
  },
  streams: STREAM_PROTOCOLS,
  security,
  maxFrameBytes: bufferConstants.MAX_LENGTH,
  onIdle(callback) {
    idle.add(callback);
    return () => idle.delete(callback);
  },
});
usePlatformErrno(osConstants.errno);

/** The process-wide default context, which sockets use unless they are given another. */
export const context: Context = defaultContext();

/** The version of libzmq whose behaviour this library follows. */
export const version = "4.3.5";

/** What this version offers, as npm `zeromq` names it, and ws and wss. */
export const capability: Capability = {
  ipc: true,
  pgm: true,
  tipc: false,
  norm: false,
  curve: true,
  gssapi: false,
  draft: false,
  ws: true,
  wss: true,
};

/** Whether a feature of libzmq is offered (zmq_has): `ipc`, `curve`, `WS`, …; the same answers as `capability`. */
export function has(name: string): boolean {
  return offers(capability, name);
}

/** A new key pair for CURVE, each key 40 characters of Z85 (zmq_curve_keypair). Synchronous; about 0.1 ms. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const secretKey = newSecretKey();
  return { publicKey: encode(x25519PublicKey(secretKey)), secretKey: encode(secretKey) };
}

/**
 * The public key of a secret key (zmq_curve_public): Z85 text (40 characters) or 32 bytes in, Z85 text out. EINVAL for
 * what is no key.
 */
export function curvePublicKey(secretKey: string | Uint8Array): string {
  return encode(x25519PublicKey(toKey("secretKey", secretKey)));
}

/** Z85 text of bytes and back (RFC 32). */
export const z85: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array } = { encode, decode };

export * from "./api.ts";
export { Authenticator, type AuthenticatorOptions, type Decision } from "./devices/authenticator.ts";
export { loadCertificate, saveCertificate } from "./devices/certificate-files.ts";
export type { PasswordSource } from "./devices/passwords.ts";
export { type Certificate, formatCertificate, parseCertificate } from "./security/certificate.ts";
