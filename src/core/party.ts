/**
 * A socket's side of a bind or connect over a transport that joins pipes: what the other side may know of it and call.
 */
import { optionBytes, type Settings } from "./options.ts";
import type { SocketCore } from "./socket-core.ts";
import type { Party } from "./transport.ts";

/** `settings` are those of the time of the call, `endpoint` is as the user wrote it. */
export function partyOf(core: SocketCore, settings: Settings, endpoint: string): Party {
  return {
    type: core.type,
    settings,
    conflates: core.conflates(settings),
    endpoint,
    owner: core,
    onPipe: (pipe) => core.onPipe(pipe),
    onJoined: (pipe) => {
      pipe.peer.state = "ready";
      core.onPeerReady(pipe, false);
    },
    introduce: (peer) => {
      peer.address = endpoint;
      peer.socketType = core.type;
      peer.routingId = optionBytes(settings.routingId);
    },
    onLost: (pipe, error) => {
      const { peer } = pipe;
      const { reason } = error;
      if (core.monitor.active) core.monitor.emit({ type: "disconnect", address: endpoint, peer, reason, retry: false, error });
    },
    onUnsent: (pipe, messages, reason) => core.onUnsent(pipe, messages, reason),
    hold: () => {
      const { hold } = core.context;
      if (!core.lingers || core.settings.linger === 0) return () => undefined;
      hold.take();
      return () => hold.release();
    },
    onBindError: (error) => {
      core.endpoints.forgetBound(endpoint);
      if (core.monitor.active) core.monitor.emit({ type: "bind:error", address: endpoint, error });
    },
    linger: (giveUp) => core.endpoints.linger(settings.linger, giveUp),
  };
}
