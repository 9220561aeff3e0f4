/**
 * Asks the ZAP handler of a context about one peer (RFC 27): a pipe to `inproc://zeromq.zap.01`, one question, one answer.
 *
 * Owns the pipe. Does not own: the messages (security/zap.ts), or when to ask (security-provider.ts). Invariant: the
 * answer comes once; nothing comes after `cancel`; the pipe is closed then.
 */
import { EMPTY } from "../base/bytes.ts";
import type { Frame } from "../core/message.ts";
import { defaultSettings, optionBytes, type Settings } from "../core/options.ts";
import type { Peer } from "../core/peer.ts";
import type { Pipe, PipeOwner } from "../core/pipe.ts";
import type { SessionContext } from "../core/session-host.ts";
import type { MessageTransport, Party } from "../core/transport.ts";
import { decodeReply, encodeRequest, ZAP_ENDPOINT } from "../security/zap.ts";
import type { Authority, Verdict } from "../zmtp/mechanism.ts";

type Answer = (verdict: Verdict) => void;

export class ZapClient implements Authority, PipeOwner {
  #context: SessionContext;
  #settings: Settings;
  #peer: Peer;
  #pipe: Pipe | null = null;
  #answer: Answer | null = null;

  /** Asks about `peer`, for a socket with these settings. */
  constructor(context: SessionContext, settings: Settings, peer: Peer) {
    this.#context = context;
    this.#settings = settings;
    this.#peer = peer;
  }

  /** Whether there is a handler now. */
  static hasHandler(context: SessionContext): boolean {
    const found = zapTransport(context);
    return found?.transport.isBound(found.address) ?? false;
  }

  /** There must be a handler. */
  ask(mechanism: string, credentials: readonly Uint8Array[], answer: Answer): void {
    const found = zapTransport(this.#context);
    if (found === undefined || !found.transport.isBound(found.address)) {
      answer({ kind: "fail", reason: "no-zap-handler", text: `there is no ZAP handler at ${ZAP_ENDPOINT}`, code: "EFAULT" });
      return;
    }
    this.#answer = answer;
    const { zapDomain, routingId } = this.#settings;
    const request = encodeRequest({
      domain: zapDomain ?? "",
      address: hostOf(this.#peer.address),
      identity: optionBytes(routingId),
      mechanism,
      credentials,
    });
    this.#pipe = found.transport.connect(found.address, this.#party());
    this.#pipe.writeAnyway(request);
  }

  cancel(): void {
    this.#answer = null;
    const pipe = this.#pipe;
    this.#pipe = null;
    pipe?.close();
  }

  #party(): Party {
    return {
      type: "DEALER",
      settings: defaultSettings(),
      conflates: { sending: false, receiving: false },
      endpoint: ZAP_ENDPOINT,
      owner: this,
      onPipe: () => undefined,
      onJoined: () => undefined,
      onLost: () => this.#gone(),
      onUnsent: () => undefined,
      onBindError: () => undefined,
      // A listener keeps no program alive, and neither does its question.
      hold: () => () => undefined,
      // A question that was given up need not arrive.
      linger: (giveUp) => {
        giveUp();
        return () => undefined;
      },
      introduce: (peer) => {
        peer.address = ZAP_ENDPOINT;
        peer.socketType = "DEALER";
        peer.routingId = EMPTY;
      },
    };
  }

  onReadable(pipe: Pipe): void {
    const frames = pipe.read();
    if (frames !== undefined) this.#finish(decodeReply(frames));
  }

  onClosed(pipe: Pipe): void {
    // What it had answered before can still be read.
    const frames: Frame[] | undefined = pipe.waiting > 0 ? pipe.read() : undefined;
    if (frames !== undefined) this.#finish(decodeReply(frames));
    else this.#gone();
  }

  #gone(): void {
    this.#finish({
      kind: "fail",
      reason: "zap-handler-gone",
      text: "the ZAP handler went away without an answer",
      code: "EPIPE",
    });
  }

  onWritable(): void {}

  onDrained(): void {}

  #finish(verdict: Verdict): void {
    const answer = this.#answer;
    this.cancel();
    answer?.(verdict);
  }
}

function zapTransport(context: SessionContext): { transport: MessageTransport; address: string } | undefined {
  const { transport, address } = context.transportOf(ZAP_ENDPOINT);
  return transport.shape === "messages" ? { transport, address } : undefined;
}

/** The host of an endpoint text: `tcp://10.0.0.7:51234` gives `10.0.0.7`; a path gives `localhost`, as with libzmq. */
export function hostOf(address: string): string {
  const [scheme, rest = ""] = address.split("://");
  if (scheme === "ipc") return "localhost";
  const host = rest.split("/")[0].replace(/:\d*$/, "");
  return host.replace(/^\[(.*)\]$/, "$1");
}
