/**
 * Reads TCP conversations out of a pcap file (the classic format of libpcap, microseconds or nanoseconds), in order.
 *
 * Owns link headers (Ethernet, Linux cooked, loopback, raw IP), IPv4 and IPv6 without extension headers, and putting
 * segments in order. A segment that was seen before is passed over; a gap is told.
 */
import { Failure } from "./failure.ts";

/** A piece of one direction of a conversation. */
export interface Segment {
  /** `address:port` of the sender and of the receiver. */
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
  /** The sender closed its direction. */
  readonly ends: boolean;
}

const MAGIC = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const TCP = 6;
/** Bytes before the IP header, by libpcap's link type. */
const LINK_BYTES: Readonly<Record<number, number>> = { 0: 4, 1: 14, 12: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0, 276: 20 };

interface Stream {
  next: number | null;
  readonly waiting: Map<number, Uint8Array>;
}

/** All TCP segments of a file that carry bytes or an end, each direction in its order. */
export function* segmentsOf(file: Buffer): Generator<Segment, void> {
  const little = file.length >= 4 && [MAGIC, MAGIC_NANO].includes(file.readUInt32LE(0));
  const big = file.length >= 4 && [MAGIC, MAGIC_NANO].includes(file.readUInt32BE(0));
  if (file.length < FILE_HEADER_BYTES || (!little && !big))
    throw new Failure(
      "This is no pcap file in libpcap's classic format; of pcapng make one by: editcap -F pcap in.pcapng out.pcap",
    );
  const uint32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const linkType = uint32(20) & 0xffff;
  const linkBytes = LINK_BYTES[linkType];
  if (linkBytes === undefined) throw new Failure(`The pcap file has link type ${linkType}, which is not known here`);
  const streams = new Map<string, Stream>();
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const length = uint32(at + 8);
    const packet = file.subarray(at + RECORD_HEADER_BYTES + linkBytes, at + RECORD_HEADER_BYTES + length);
    at += RECORD_HEADER_BYTES + length;
    const segment = parse(packet);
    if (segment !== null) yield* inOrder(streams, segment);
  }
}

interface Parsed extends Segment {
  readonly sequence: number;
  readonly begins: boolean;
}

function parse(packet: Buffer): Parsed | null {
  const version = packet.length > 0 ? packet[0] >> 4 : 0;
  let tcp: Buffer;
  let addresses: [from: string, to: string];
  if (version === 4 && packet.length >= 20 && packet[9] === TCP) {
    const header = (packet[0] & 15) * 4;
    tcp = packet.subarray(header, packet.readUInt16BE(2) || packet.length);
    addresses = [packet.subarray(12, 16).join("."), packet.subarray(16, 20).join(".")];
  } else if (version === 6 && packet.length >= 40 && packet[6] === TCP) {
    tcp = packet.subarray(40, 40 + packet.readUInt16BE(4));
    addresses = [`[${ipv6(packet.subarray(8, 24))}]`, `[${ipv6(packet.subarray(24, 40))}]`];
  } else return null;
  if (tcp.length < 20) return null;
  const flags = tcp[13];
  return {
    from: `${addresses[0]}:${tcp.readUInt16BE(0)}`,
    to: `${addresses[1]}:${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    begins: (flags & 2) !== 0,
    ends: (flags & 5) !== 0,
    bytes: tcp.subarray((tcp[12] >> 4) * 4),
  };
}

function ipv6(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(":");
}

function* inOrder(streams: Map<string, Stream>, { from, to, sequence, begins, ends, bytes }: Parsed): Generator<Segment, void> {
  const key = `${from}>${to}`;
  let stream = streams.get(key);
  if (stream === undefined || begins) {
    stream = { next: begins ? (sequence + 1) >>> 0 : null, waiting: new Map() };
    streams.set(key, stream);
  }
  stream.next ??= sequence;
  if (bytes.length > 0) stream.waiting.set(begins ? (sequence + 1) >>> 0 : sequence, bytes);
  for (;;) {
    const found = [...stream.waiting].find(([begin]) => ((stream.next as number) - begin) >>> 0 < 0x7fffffff);
    if (found === undefined) break;
    const [begin, piece] = found;
    stream.waiting.delete(begin);
    const seen = (stream.next - begin) >>> 0;
    if (seen >= piece.length) continue;
    stream.next = (begin + piece.length) >>> 0;
    yield { from, to, bytes: piece.subarray(seen), ends: false };
  }
  if (ends) yield { from, to, bytes: new Uint8Array(0), ends: true };
}
