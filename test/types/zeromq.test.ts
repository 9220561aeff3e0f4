// The types of the drop-in against those of the original: the same members, with types that take each other's values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as theirs from "zeromq";
import type * as theirsDraft from "zeromq/draft.js";
import type * as theirsV5 from "zeromq/v5-compat.js";
import type * as ours from "../../src/zeromq.ts";
import type * as oursDraft from "../../src/zeromq-draft.ts";
import type * as oursV5 from "../../src/zeromq-v5-compat.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;
type Classes<M> = { [K in keyof M]: M[K] extends abstract new (...args: never) => infer I ? I : never };

/** Members that one of the two has and the other has not. */
type Unpaired<A, B> = Exclude<keyof A, keyof B> | Exclude<keyof B, keyof A>;
/** Options and facts whose types differ; methods and objects are compared by the programs below. */
type Plain = string | number | boolean | null;
type Different<A, B> = {
  [K in keyof A & keyof B]: A[K] extends Plain ? (Equal<A[K], B[K]> extends true ? never : K) : never;
}[keyof A & keyof B];

type SocketName =
  | "Pair"
  | "Publisher"
  | "Subscriber"
  | "Request"
  | "Reply"
  | "Dealer"
  | "Router"
  | "Pull"
  | "Push"
  | "XSubscriber";
type DraftName = "Server" | "Client" | "Radio" | "Dish" | "Gather" | "Scatter" | "Datagram";
type Theirs = Classes<typeof theirs>;
type Ours = Classes<typeof ours>;
type TheirDrafts = Classes<typeof theirsDraft>;
type OurDrafts = Classes<typeof oursDraft>;

/** `type` is a const enum of theirs, which nothing else can be equal to. */
type Except = "type";

export type Checks = [
  Holds<Equal<Exclude<keyof typeof theirs, "default">, Exclude<keyof typeof ours, "default" | "module.exports">>>,
  Holds<Equal<Exclude<keyof typeof theirsDraft, "default">, Exclude<keyof typeof oursDraft, "default" | "module.exports">>>,
  Holds<Equal<Exclude<keyof typeof theirsV5, "default">, Exclude<keyof typeof oursV5, "default" | "module.exports">>>,
  Holds<
    Equal<{ [K in SocketName | "Stream" | "XPublisher" | "Context" | "Proxy"]: Unpaired<Theirs[K], Ours[K]> }[SocketName], never>
  >,
  Holds<Equal<{ [K in SocketName | "Stream"]: Exclude<Different<Theirs[K], Ours[K]>, Except> }[SocketName | "Stream"], never>>,
  Holds<Equal<Different<Theirs["Context"], Ours["Context"]>, never>>,
  Holds<Equal<{ [K in DraftName]: Unpaired<TheirDrafts[K], OurDrafts[K]> }[DraftName], never>>,
  Holds<Equal<{ [K in DraftName]: Exclude<Different<TheirDrafts[K], OurDrafts[K]>, Except> }[DraftName], never>>,
  Holds<Equal<theirs.EventType, ours.EventType>>,
  Holds<Equal<theirs.EventOfType<"bind">["address"], ours.EventOfType<"bind">["address"]>>,
  Holds<Equal<theirs.EventOfType<"connect:retry">["interval"], ours.EventOfType<"connect:retry">["interval"]>>,
  Holds<
    Equal<
      theirs.EventOfType<"handshake:error:auth">["error"]["status"],
      ours.EventOfType<"handshake:error:auth">["error"]["status"]
    >
  >,
  Holds<
    Equal<
      theirs.EventOfType<"handshake:error:protocol">["error"]["code"],
      ours.EventOfType<"handshake:error:protocol">["error"]["code"]
    >
  >,
  Holds<Equal<theirs.MessageLike, ours.MessageLike>>,
  Holds<Equal<Awaited<ReturnType<Theirs["Stream"]["receive"]>>, Awaited<ReturnType<Ours["Stream"]["receive"]>>>>,
  Holds<Equal<Awaited<ReturnType<Theirs["Dealer"]["receive"]>>, Awaited<ReturnType<Ours["Dealer"]["receive"]>>>>,
  Holds<Equal<Parameters<Theirs["Push"]["send"]>, Parameters<Ours["Push"]["send"]>>>,
  Holds<Equal<Parameters<TheirDrafts["Radio"]["send"]>, Parameters<OurDrafts["Radio"]["send"]>>>,
  Holds<Equal<Awaited<ReturnType<TheirDrafts["Dish"]["receive"]>>, Awaited<ReturnType<OurDrafts["Dish"]["receive"]>>>>,
  Holds<Equal<Exclude<keyof theirs.SocketOptions<theirs.Dealer>, keyof ours.SocketOptions<ours.Dealer>>, never>>,
  Holds<Equal<Exclude<keyof ours.SocketOptions<ours.Dealer>, keyof theirs.SocketOptions<theirs.Dealer>>, never>>,
];

/** What programs write: each must compile with ours as it does with theirs. */
export function program(zmq: typeof ours): void {
  class Named extends zmq.Dealer {
    readonly label: string;
    constructor(label: string, options?: ours.SocketOptions<ours.Dealer>) {
      super(options);
      this.label = label;
    }
    rate2(): number {
      return this.getInt32Option(8);
    }
  }
  const dealer: ours.Socket & ours.Readable & ours.Writable = new Named("x", {
    linger: 0,
    routingId: "me",
    context: zmq.context,
  });
  const proxy: ours.Proxy<ours.Router, ours.Dealer> = new zmq.Proxy(new zmq.Router(), new zmq.Dealer());
  proxy.frontEnd.mandatory = true;
  dealer.events.on("handshake:error:auth", ({ error, address }) => void [error.status === 400, address.length]);
  // @ts-expect-error PUSH cannot receive
  void new zmq.Push().receive();
  // @ts-expect-error no such option
  void new zmq.Push({ conflated: true });
  // @ts-expect-error facts cannot be given
  void new zmq.Push({ lastEndpoint: "x" });
}

test("the types were checked by the compiler", () => assert.ok(program));
