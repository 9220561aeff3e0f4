/**
 * The public API that is the same everywhere: what `node.ts` and `browser.ts` both export. What differs between runtimes
 * (the platform, `capability`, files) is in those entries.
 */
export { type ErrorOrigin, type ErrorReason, ZmqError } from "./base/errors.ts";
export type {
  NamedConnectOptions as RouterConnectOptions,
  NamedConnectOptions as StreamConnectOptions,
} from "./core/connect-routing-id.ts";
export { Context, type ContextOptions } from "./core/context.ts";
export type { CurveAdmission, CurveAllow, CurveKey, CurveKeyPair, CurveOptions, CurvePeer } from "./core/curve-options.ts";
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
export type { OperationOptions, SendOptions } from "./core/sender.ts";
export type { CloseOutcome } from "./core/session.ts";
export { type SignalOption, Socket, type SocketOptions } from "./core/socket.ts";
export type { Drops, PeerStats, QueueStats, SocketStats } from "./core/stats.ts";
export type { Pem, TlsOptions } from "./core/tls-options.ts";
export type { BindOptions, ConnectOptions, HttpServer } from "./core/transport.ts";
export type { Writable } from "./core/writable.ts";
export type { GroupOptions, RoutedOptions } from "./core/writable-to.ts";
export { type Device, forwarder, queue, streamer } from "./devices/devices.ts";
export { type PollItem, type PollOptions, type PollResult, poll } from "./devices/poll.ts";
export { type ProxyCounters, type ProxyOptions, proxy, SocketProxy as Proxy } from "./devices/proxy.ts";
export { Channel } from "./sockets/channel.ts";
export { Client } from "./sockets/client.ts";
export { Dealer } from "./sockets/dealer.ts";
export { Datagram } from "./sockets/dgram.ts";
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
