/**
 * The draft types of npm `zeromq` 6: what `zeromq/draft` exports.
 *
 * Owns who of them sends and receives what, and `join` and `leave`. Does not own the warning that drafts may change (the
 * entry).
 */
import type { Dish as OurDish } from "../node.ts";
import { defineOptions } from "./accessors.ts";
import { calling } from "./errors.ts";
import { Socket } from "./socket.ts";
import { type Base, defineDirections } from "./sockets.ts";
import { stateOf } from "./state.ts";
import type { Message, MessageLike, Readable, SocketOptions, Writable } from "./types.ts";

/** To whom a server's message goes, and from whom it came. */
export interface ServerRoutingOptions {
  routingId: number;
}
/** To which group a radio's message goes. */
export interface RadioGroupOptions {
  group: Buffer | string;
}
/** By which group a message came. */
export interface DishGroupOptions {
  group: Buffer;
}

/** A server for many clients: each message comes with the number of its client. */
export class Server extends (Socket as unknown as Base<
  Readable<[Message, ServerRoutingOptions]> & Writable<MessageLike, [ServerRoutingOptions]>
>) {
  constructor(options?: SocketOptions<Server>) {
    super(12, options);
  }
}

/** Talks to servers. */
export class Client extends (Socket as unknown as Base<Readable<[Message]> & Writable<MessageLike>>) {
  constructor(options?: SocketOptions<Client>) {
    super(13, options);
  }
}

/** Sends messages to groups. */
export class Radio extends (Socket as unknown as Base<Writable<MessageLike, [RadioGroupOptions]>>) {
  constructor(options?: SocketOptions<Radio>) {
    super(14, options);
  }
}

/** Receives the messages of the groups that it joined. */
export class Dish extends (Socket as unknown as Base<Readable<[Message, DishGroupOptions]>>) {
  constructor(options?: SocketOptions<Dish>) {
    super(15, options);
  }

  /** Joins groups of up to 255 octets; EINVAL for one that was joined. */
  join(...values: Array<Buffer | string>): void {
    for (const group of values) calling(() => dishOf(this, group).join(group));
  }

  /** Leaves groups; EINVAL for one that was not joined. */
  leave(...values: Array<Buffer | string>): void {
    for (const group of values) calling(() => dishOf(this, group).leave(group));
  }
}

function dishOf(dish: Dish, group: unknown): OurDish {
  const state = stateOf(dish);
  state.assertOpen();
  if (typeof group !== "string" && !(group instanceof Uint8Array)) throw new TypeError("Value must be a string or buffer");
  return state.inner as OurDish;
}

/** Receives single frames from all its peers in turn. */
export class Gather extends (Socket as unknown as Base<Readable<[Message]>>) {
  declare conflate: boolean;
  constructor(options?: SocketOptions<Gather>) {
    super(16, options);
  }
}

/** Sends single frames to its peers in turn. */
export class Scatter extends (Socket as unknown as Base<Writable<MessageLike>>) {
  declare conflate: boolean;
  constructor(options?: SocketOptions<Scatter>) {
    super(17, options);
  }
}

/** Single packets over udp: `[address, data]`. */
export class Datagram extends (Socket as unknown as Base<Readable<[Message, Message]> & Writable<[MessageLike, MessageLike]>>) {
  constructor(options?: SocketOptions<Datagram>) {
    super(18, options);
  }
}

defineDirections(
  [Server, Client, Radio, Dish, Gather, Scatter, Datagram],
  [Server, Client, Radio, Scatter, Datagram],
  [Server, Client, Dish, Gather, Datagram],
);
defineOptions([Gather, Scatter], ["conflate"]);
