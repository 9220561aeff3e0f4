/**
 * The entry for Node.js: installs the platform (clock, transports) and exports the public API.
 *
 * The API is a superset of npm `zeromq` 6: same classes, methods, option names, defaults and error codes.
 */
import { constants as bufferConstants } from "node:buffer";
import { constants as osConstants } from "node:os";
import { realClock } from "./base/clock.ts";
import { usePlatformErrno } from "./base/errors.ts";
import { platformRandom } from "./base/random.ts";
import { type Context, defaultContext } from "./core/context.ts";
import { installPlatform } from "./core/platform.ts";
import { decode, encode } from "./security/z85.ts";
import { inprocTransport } from "./transports/inproc.ts";
import { ipcTransport } from "./transports/ipc.ts";
import { tcpTransport } from "./transports/tcp.ts";
import { Threads } from "./transports/threads.ts";
import { webSocketTransports } from "./transports/websocket-transport.ts";
import { workerHost } from "./transports/worker-host.ts";

const threads = new Threads(workerHost());

const idle = new Set<() => void>();
process.on("beforeExit", () => {
  for (const callback of [...idle]) callback();
});

const warned = new Set<string>();

installPlatform({
  clock: realClock(),
  random: platformRandom,
  transports: () => [tcpTransport, ipcTransport, inprocTransport(), ...webSocketTransports()],
  sharedTransports: () => [tcpTransport, ipcTransport, threads.transport(), ...webSocketTransports()],
  warn(text) {
    if (warned.has(text)) return;
    warned.add(text);
    process.emitWarning(text);
  },
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

/** What this version offers, as npm `zeromq` names it. */
export const capability: Readonly<Record<"ipc" | "pgm" | "tipc" | "norm" | "curve" | "gssapi" | "draft", boolean>> = {
  ipc: true,
  pgm: false,
  tipc: false,
  norm: false,
  curve: false,
  gssapi: false,
  draft: false,
};

/** Whether a feature of libzmq is offered (zmq_has): `ipc`, `curve`, `WS`, …; the same answers as `capability`. */
export function has(name: string): boolean {
  return Object.hasOwn(capability, name) && capability[name as keyof typeof capability];
}

/** Z85 text of bytes and back (RFC 32). */
export const z85: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array } = { encode, decode };

export { type ErrorOrigin, type ErrorReason, ZmqError } from "./base/errors.ts";
export type {
  NamedConnectOptions as RouterConnectOptions,
  NamedConnectOptions as StreamConnectOptions,
} from "./core/connect-routing-id.ts";
export { Context, type ContextOptions } from "./core/context.ts";
export type { GroupMessage, Message, MessageLike, RoutedMessage } from "./core/message.ts";
export {
  type AuthError,
  type Event,
  type EventAddress,
  type EventError,
  type EventInterval,
  type EventListener,
  type EventOfType,
  type EventPeer,
  type EventType,
  Observer,
} from "./core/monitor.ts";
export type { Peer, PeerState } from "./core/peer.ts";
export type { Readable } from "./core/readable.ts";
export type { MessageHandler, Received } from "./core/receiver.ts";
export type { OperationOptions } from "./core/sender.ts";
export type { CloseOutcome } from "./core/session.ts";
export { type SignalOption, Socket, type SocketOptions } from "./core/socket.ts";
export type { Drops, PeerStats, QueueStats, SocketStats } from "./core/stats.ts";
export type { BindOptions, ConnectOptions, HttpServer } from "./core/transport.ts";
export type { Writable } from "./core/writable.ts";
export type { GroupOptions, RoutedOptions } from "./core/writable-to.ts";
export { type Device, forwarder, queue, streamer } from "./devices/devices.ts";
export { type PollItem, type PollOptions, type PollResult, poll } from "./devices/poll.ts";
export { type ProxyCounters, type ProxyOptions, proxy, SocketProxy as Proxy } from "./devices/proxy.ts";
export { Channel } from "./sockets/channel.ts";
export { Client } from "./sockets/client.ts";
export { Dealer } from "./sockets/dealer.ts";
export { Dish } from "./sockets/dish.ts";
export { Gather } from "./sockets/gather.ts";
export { Pair } from "./sockets/pair.ts";
export { PeerSocket } from "./sockets/peer.ts";
export { Publisher } from "./sockets/pub.ts";
export { Pull } from "./sockets/pull.ts";
export { Push } from "./sockets/push.ts";
export { Radio } from "./sockets/radio.ts";
export { Reply } from "./sockets/rep.ts";
export { Request, type RequestOptions } from "./sockets/req.ts";
export { Router } from "./sockets/router.ts";
export { Scatter } from "./sockets/scatter.ts";
export { Server } from "./sockets/server.ts";
export { Stream } from "./sockets/stream.ts";
export { Subscriber } from "./sockets/sub.ts";
export { XPublisher } from "./sockets/xpub.ts";
export { XSubscriber } from "./sockets/xsub.ts";
