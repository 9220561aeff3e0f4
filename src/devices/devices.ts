/** The classic devices in one line each: queue, forwarder and streamer, as proxies between two endpoints that they bind. */
import type { Socket } from "../core/socket.ts";
import { Dealer } from "../sockets/dealer.ts";
import { Pull } from "../sockets/pull.ts";
import { Push } from "../sockets/push.ts";
import { Router } from "../sockets/router.ts";
import { XPublisher } from "../sockets/xpub.ts";
import { XSubscriber } from "../sockets/xsub.ts";
import { type ProxyOptions, SocketProxy } from "./proxy.ts";

/** A device that runs: end it with `terminate`; `done` settles when it has ended. */
export interface Device<Front extends Socket, Back extends Socket> {
  readonly proxy: SocketProxy<Front, Back>;
  readonly done: Promise<void>;
}

/** Requests of REQ and DEALER clients at `frontEnd` are shared out among REP and DEALER workers at `backEnd` (ZMQ_QUEUE). */
export function queue(frontEnd: string, backEnd: string, options?: ProxyOptions): Promise<Device<Router, Dealer>> {
  return start(new Router(), frontEnd, new Dealer(), backEnd, options);
}

/** What publishers at `frontEnd` say is passed to the subscribers at `backEnd`, subscriptions the other way (ZMQ_FORWARDER). */
export function forwarder(frontEnd: string, backEnd: string, options?: ProxyOptions): Promise<Device<XSubscriber, XPublisher>> {
  return start(new XSubscriber(), frontEnd, new XPublisher(), backEnd, options);
}

/** What PUSH sockets send to `frontEnd` is shared out among the PULL sockets at `backEnd` (ZMQ_STREAMER). */
export function streamer(frontEnd: string, backEnd: string, options?: ProxyOptions): Promise<Device<Pull, Push>> {
  return start(new Pull(), frontEnd, new Push(), backEnd, options);
}

async function start<Front extends Socket, Back extends Socket>(
  front: Front,
  frontEnd: string,
  back: Back,
  backEnd: string,
  options: ProxyOptions = {},
): Promise<Device<Front, Back>> {
  try {
    await Promise.all([front.bind(frontEnd), back.bind(backEnd)]);
  } catch (error) {
    front.close();
    back.close();
    throw error;
  }
  const proxy = new SocketProxy(front, back, options);
  return { proxy, done: proxy.run() };
}
