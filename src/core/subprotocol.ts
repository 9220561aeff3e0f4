/**
 * Which sub-protocols of WebSocket a socket speaks (RFC 45), by its security mechanism: in the order of preference, as a
 * dialer offers them and a listener accepts them.
 *
 *     NULL     ZWS2.0/NULL, ZWS2.0        the second is without any handshake: what older clients in browsers speak
 *     others   ZWS2.0/NAME alone
 *
 * A slash is not allowed in a sub-protocol (RFC 6455 wants a token), so browsers refuse to offer one. The WebSocket of a
 * platform offers ZWS2.0.NAME in its place, which means the same; listeners of ours take both, libzmq takes ZWS2.0.
 */
import type { Settings } from "./options.ts";

/** As libzmq writes them. */
export function subprotocolsOf({ security, zapDomain }: Settings): readonly string[] {
  if (security.mechanism !== "NULL") return [`ZWS2.0/${security.mechanism}`];
  // Without a handshake nobody is authenticated.
  return zapDomain === null ? ["ZWS2.0/NULL", "ZWS2.0"] : ["ZWS2.0/NULL"];
}

/** As a platform's WebSocket can offer them. */
export function tokensOf(settings: Settings): string[] {
  return subprotocolsOf(settings).map((each) => each.replace("/", "."));
}

/** The first of the client's list that we speak too, or undefined. */
export function chooseSubprotocol(offered: Iterable<string>, settings: Settings): string | undefined {
  const spoken = [...subprotocolsOf(settings), ...tokensOf(settings)];
  for (const each of offered) if (spoken.includes(each)) return each;
  return undefined;
}
