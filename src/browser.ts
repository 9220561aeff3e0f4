/**
 * The entry for pages and their workers: the API of `node.ts` over what a browser has. `ws` and `wss` can be connected,
 * `inproc` lives within a page or worker, and goes between them once `joinThreads` was called; nothing can be bound but
 * `inproc`. Frames are `Uint8Array`.
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
import { portablePublicKey } from "./security/portable-x25519.ts";
import { newSecretKey } from "./security/random.ts";
import type { Locks } from "./transports/exchange.ts";
import { inprocTransport } from "./transports/inproc.ts";
import { Joiner, type ThreadEnd } from "./transports/join-threads.ts";
import { LateThreads } from "./transports/late-threads.ts";
import { dialOnlyTransport } from "./transports/websocket.ts";
import { NullMechanism } from "./zmtp/mechanism.ts";

/** Browsers allow typed arrays of this many bytes at least. */
const MAX_FRAME_BYTES = 0x7fffffff;

// Mechanisms and libsodium are files of their own, loaded with the first connection that needs them.
let provider: SecurityProvider | null = null;

async function loadSecurity(): Promise<SecurityProvider> {
  const { securityProvider } = await import("./devices/security-provider.ts");
  const { Sodium } = await import("./security/sodium.ts");
  const publicKey = (secretKey: Uint8Array): Uint8Array =>
    (Sodium.loaded as NonNullable<typeof Sodium.loaded>).publicKey(secretKey);
  provider ??= securityProvider({ publicKey, certificates: null });
  return provider;
}

const security: SecurityProvider = {
  check: checkSecurity,
  // The first connection, which loads libsodium, computes the public key: `portablePublicKey` here would be in every page.
  keyPair: () => ({ publicKey: null, secretKey: newSecretKey() }),
  mechanism(request) {
    const { security: choice, zapDomain } = request.settings;
    if (choice.mechanism === "NULL" && zapDomain === null) return new NullMechanism(request.metadata);
    return new LateMechanism(choice.mechanism, async () => {
      if (choice.mechanism === "CURVE") await curveReady();
      return (await loadSecurity()).mechanism(request);
    });
  },
};

const warned = new Set<string>();

/** What a page or worker may have; nothing of it is certain. */
interface BrowserGlobal {
  readonly crossOriginIsolated?: boolean;
  readonly WorkerGlobalScope?: unknown;
  readonly navigator?: { readonly locks?: Locks };
}
const scope: BrowserGlobal = globalThis as BrowserGlobal;
const isWorker = scope.WorkerGlobalScope !== undefined;

const clock = realClock();
const threads = new LateThreads();

installPlatform({
  clock: {
    ...clock,
    hold(on) {
      clock.hold(on);
      threads.watch(on);
    },
  },
  random: platformRandom,
  transports: () => [dialOnlyTransport("ws"), dialOnlyTransport("wss"), inprocTransport()],
  shared: {
    transports: () => [dialOnlyTransport("ws"), dialOnlyTransport("wss"), inprocTransport(threads.names, threads)],
    waitForThreads(ms) {
      if (isWorker && threads.others !== null) threads.others.wait(ms);
      else
        throw new ZmqError(
          "not-offered",
          "Operation not supported: to block is for web workers that joinThreads has joined, not for a page's main thread",
        );
    },
  },
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

/** Loads what CURVE needs ahead of the first connection, which otherwise waits for it. */
export async function curveReady(): Promise<void> {
  const [{ Sodium }] = await Promise.all([import("./security/sodium.ts"), loadSecurity()]);
  await Sodium.load(() => Promise.resolve(null));
}

/** A new key pair for CURVE, each key 40 characters of Z85 (zmq_curve_keypair). Synchronous; about 10 ms. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const secretKey = newSecretKey();
  return { publicKey: encode(portablePublicKey(secretKey)), secretKey: encode(secretKey) };
}

/**
 * The public key of a secret key (zmq_curve_public): Z85 text (40 characters) or 32 bytes in, Z85 text out. EINVAL for
 * what is no key.
 */
export function curvePublicKey(secretKey: string | Uint8Array): string {
  return encode(portablePublicKey(toKey("secretKey", secretKey)));
}

let joiner: Joiner | null = null;

/**
 * Joins a page and its web workers to one inproc: sockets of the default context of each reach each other's names, as
 * threads of a process do on servers. To be called once for each worker, on both sides, in either order:
 * `joinThreads(worker)` where it was made, `joinThreads(self)` inside, there before workers of its own are joined and
 * before listeners of the program for `message`, which then do not see what the two sides say to each other.
 *
 * Under cross-origin isolation messages go through shared memory, and `receiveSync` works in workers; without it they
 * are posted through ports, in batches. Never across tabs. The end of a worker is a `disconnect` at its peers: it is seen
 * by a Web Lock, which a page that is not a secure context has not.
 *
 * Resolves when the worker has joined, which need not be awaited: until then connections wait, and so does a `bind`
 * inside the worker. Rejects with ENOTSUP when the two have different versions of this library, or only one of them
 * is cross-origin isolated. Throws EINVAL for what is no worker.
 */
export function joinThreads(thread: ThreadEnd): Promise<void> {
  if (typeof thread?.postMessage !== "function" || typeof thread.addEventListener !== "function")
    throw new ZmqError("invalid-argument", "joinThreads needs a Worker, or `self` inside a web worker");
  joiner ??= new Joiner(
    { rings: scope.crossOriginIsolated === true && "waitAsync" in Atomics, locks: scope.navigator?.locks, defer: clock.defer },
    threads,
  );
  if ((thread as unknown) !== scope) return joiner.call(thread);
  if (isWorker) return joiner.ask(thread);
  throw new ZmqError(
    "invalid-argument",
    "joinThreads(self) is for web workers; a page calls joinThreads(worker) for each of its own",
  );
}

/** Z85 text of bytes and back (RFC 32). */
export const z85: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array } = { encode, decode };

export * from "./api.ts";
export type { ThreadEnd, ThreadMessage } from "./transports/join-threads.ts";
