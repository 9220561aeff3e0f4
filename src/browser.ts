/**
 * The entry for pages and their workers: the API of `node.ts` over what a browser has. `ws` and `wss` can be connected,
 * `inproc` lives within a page or worker; nothing can be bound but `inproc`. Frames are `Uint8Array`.
 *
 * No module of Node.js is on its path; a bundler of nobody's choice is needed, for it is also one file for
 * `<script type="module">`.
 */
import { realClock } from "./base/clock.ts";
import { platformRandom } from "./base/random.ts";
import { decode, encode } from "./base/z85.ts";
import { type Capability, offers } from "./core/capability.ts";
import { type Context, defaultContext } from "./core/context.ts";
import { installPlatform } from "./core/platform.ts";
import { inprocTransport } from "./transports/inproc.ts";
import { dialOnlyTransport } from "./transports/websocket.ts";

/** Browsers allow typed arrays of this many bytes at least. */
const MAX_FRAME_BYTES = 0x7fffffff;

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
  curve: false,
  gssapi: false,
  draft: false,
  ws: true,
  wss: true,
};

/** Whether a feature of libzmq is offered (zmq_has): the same answers as `capability`. */
export function has(name: string): boolean {
  return offers(capability, name);
}

/** Z85 text of bytes and back (RFC 32). */
export const z85: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array } = { encode, decode };

export * from "./api.ts";
