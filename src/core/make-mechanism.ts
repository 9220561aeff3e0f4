/** The mechanism of a connection, with what we announce of ourselves in its handshake. */
import { fromText } from "../base/bytes.ts";
import { type Mechanism, NullMechanism } from "../zmtp/mechanism.ts";
import { announcesIdentity, type SocketTypeName } from "../zmtp/socket-type.ts";
import type { ContextCore } from "./context.ts";
import { listOf, optionBytes, type Settings } from "./options.ts";
import type { Peer } from "./peer.ts";

export function makeMechanism(type: SocketTypeName, settings: Settings, peer: Peer, context: ContextCore): Mechanism {
  const metadata: [string, Uint8Array][] = [["Socket-Type", fromText(type)]];
  if (announcesIdentity(type)) metadata.push(["Identity", optionBytes(settings.routingId)]);
  for (const property of listOf(settings.metadata)) {
    const colon = property.indexOf(":");
    metadata.push([property.slice(0, colon), fromText(property.slice(colon + 1))]);
  }
  return context.security?.mechanism({ settings, metadata, peer, context }) ?? new NullMechanism(metadata);
}
