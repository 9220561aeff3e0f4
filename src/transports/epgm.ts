/**
 * epgm: reliable multicast, PGM (RFC 3208) in UDP datagrams, wire compatible with libzmq built on OpenPGM.
 *
 *     epgm://interface;group:port        PUB and XPUB send to the group, SUB and XSUB hear it; bind and connect are the same
 *
 * Every message goes to the whole group; subscriptions stay local and SUB filters. There is no handshake, no security, and
 * PUB does not know who listens. The protocol is in `pgm/`; sockets are opened in epgm-sender.ts and epgm-receiver.ts.
 * `pgm://`, the same over raw IP, needs sockets that no JavaScript runtime has.
 */
import { ZmqError } from "../base/errors.ts";
import type { Settings } from "../core/options.ts";
import type { DatagramTransport } from "../core/transport.ts";
import { EpgmReceiver } from "./epgm-receiver.ts";
import { EpgmSender } from "./epgm-sender.ts";
import { type Family, parseEpgm } from "./network-address.ts";

const SENDERS: readonly string[] = ["PUB", "XPUB"];
const RECEIVERS: readonly string[] = ["SUB", "XSUB"];
const MAX_WINDOW_PACKETS = 1 << 18;
/** All headers of IPv6 and some data; and what the length field of an IP packet holds. */
const LEAST_PACKET_BYTES = 100;
const MOST_PACKET_BYTES = 65535;
const UDP_BYTES = 8;
const IP_BYTES: Record<Family, number> = { 4: 20, 6: 40 };
/** The PGM header and the fixed part of a data packet. */
const PGM_BYTES = 24;
/** OpenPGM keeps room for the options that fragments would need. */
const FRAGMENT_BYTES = 20;

export const epgmTransport: DatagramTransport = {
  scheme: "epgm",
  shape: "datagrams",

  check(address, _use, settings, type) {
    if (!SENDERS.includes(type) && !RECEIVERS.includes(type)) {
      const text = `Protocol not compatible with the socket type: epgm is for PUB, XPUB, SUB and XSUB, not for ${type} (epgm://${address})`;
      throw new ZmqError("incompatible-transport", text, { address: `epgm://${address}` });
    }
    const packetBytes = settings.multicastMaxTransportDataUnit;
    if (packetBytes < LEAST_PACKET_BYTES || packetBytes > MOST_PACKET_BYTES) {
      const text = `The option multicastMaxTransportDataUnit must be ${LEAST_PACKET_BYTES} to ${MOST_PACKET_BYTES} for epgm://${address}, it is ${packetBytes}`;
      throw new ZmqError("invalid-option", text, { address: `epgm://${address}` });
    }
    parseEpgm(address, settings.ipv6);
  },

  open(address, _use, sink) {
    const target = parseEpgm(address, sink.settings.ipv6);
    const setup = { target, endpoint: `epgm://${address}`, ...sizesOf(sink.settings, target.family) };
    return SENDERS.includes(sink.type) ? new EpgmSender(setup, sink) : new EpgmReceiver(setup, sink);
  },
};

/** The sizes that libzmq computes from the same options. */
export interface Sizes {
  /** Most data in a packet. */
  readonly dataBytes: number;
  /** What IP and UDP add to a packet. */
  readonly overheadBytes: number;
  /** Packets in a window: what `rate` sends within `recoveryInterval`. */
  readonly windowPackets: number;
}

function sizesOf(settings: Settings, family: Family): Sizes {
  const { rate, recoveryInterval, multicastMaxTransportDataUnit: packetBytes } = settings;
  const overheadBytes = IP_BYTES[family] + UDP_BYTES;
  const packets = Math.floor((recoveryInterval * Math.floor(rate / 8)) / packetBytes);
  return {
    dataBytes: packetBytes - overheadBytes - PGM_BYTES - FRAGMENT_BYTES,
    overheadBytes,
    windowPackets: Math.min(MAX_WINDOW_PACKETS, Math.max(1, packets)),
  };
}
