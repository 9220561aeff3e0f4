/**
 * PGM packets (RFC 3208 section 8), as libzmq's OpenPGM sends them in UDP datagrams: reading and writing.
 *
 *     0        2        4      5      6        8                     14       16
 *     sport(2) dport(2) type   flags  sum(2)   global source id (6)  tsdu(2)  body, options, data
 *
 *     SPM               sqn(4) trail(4) lead(4) afi(2) 0(2) path address(4|16)          [options]
 *     ODATA RDATA       sqn(4) trail(4)                                                 [options] data
 *     NAK NNAK NCF      sqn(4) afi(2) 0(2) source address  afi(2) 0(2) group address    [options]
 *     SPMR              nothing
 *
 * All numbers are big-endian. The checksum is the Internet's over the whole packet. Owns the layout and what makes a
 * packet malformed; does not own what a packet means. Invariant: nothing is allocated per data packet.
 */
import { readUint32, writeUint32 } from "../base/bytes.ts";
import { readAddress, writeAddress } from "./address.ts";

export const SPM = 0x00;
export const ODATA = 0x04;
export const RDATA = 0x05;
export const NAK = 0x08;
export const NNAK = 0x09;
export const NCF = 0x0a;
export const SPMR = 0x0c;

const HEADER_BYTES = 16;
/** Where the data of a packet without options begins. */
export const DATA_AT = HEADER_BYTES + 8;
/** Sequence numbers that the list option of one NAK can have. */
export const MAX_LIST = 62;

const OPTIONS_PRESENT = 0x01;
const OPTIONS_NETWORK = 0x02;
const PARITY = 0x80;

const OPT_LENGTH = 0x00;
const OPT_NAK_LIST = 0x02;
const OPT_SYN = 0x0d;
const OPT_FIN = 0x0e;
const OPT_RST = 0x0f;
const OPT_LAST = 0x80;

/** Who a session's packets are from: a global source id of six octets and a port, both chosen at random. */
export interface SourceId {
  /** The first four octets of the global source id. */
  readonly high: number;
  /** Its last two, and the port. */
  readonly low: number;
}

/** Why a packet cannot be used. */
export type Fault = "short" | "checksum" | "length" | "options" | "address" | "type";

/** A packet that was read; the fields of its type are set, the others are of earlier packets. One object serves for all. */
export class Packet implements SourceId {
  type = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** The global source id, and the port of the data's source, whichever way the packet goes. */
  high = 0;
  low = 0;
  sqn = 0;
  trail = 0;
  lead = 0;
  /** Of SPM, where NAKs go to; of NAK and NCF, the source's address. */
  address = "";
  group = "";
  /** Where the data is. */
  dataAt = 0;
  dataEnd = 0;
  /** The sequence numbers of a NAK or NCF beside `sqn`. */
  readonly list: number[] = [];
  fin = false;
  syn = false;
  rst = false;

  /** Reads a datagram; null, or what is wrong with it. */
  read(bytes: Uint8Array): Fault | null {
    if (bytes.length < HEADER_BYTES) return "short";
    this.type = bytes[4];
    const sum = (bytes[6] << 8) | bytes[7];
    const isData = this.type === ODATA || this.type === RDATA;
    // Without a checksum the field is 0; data must have one.
    if (sum === 0 ? isData : checksum(bytes, 0, bytes.length) !== 0) return "checksum";
    this.sourcePort = (bytes[0] << 8) | bytes[1];
    this.destinationPort = (bytes[2] << 8) | bytes[3];
    this.high = readUint32(bytes, 8);
    const upstream = this.type === NAK || this.type === NNAK || this.type === SPMR;
    this.low = ((bytes[12] << 24) | (bytes[13] << 16) | (upstream ? this.destinationPort : this.sourcePort)) >>> 0;
    this.fin = this.syn = this.rst = false;
    switch (this.type) {
      case ODATA:
      case RDATA:
        return this.#readData(bytes);
      case SPM:
        return this.#readSpm(bytes);
      case NAK:
      case NNAK:
      case NCF:
        return this.#readNak(bytes);
      case SPMR:
        return null;
      default:
        return "type";
    }
  }

  #readData(bytes: Uint8Array): Fault | null {
    if (bytes.length < DATA_AT) return "short";
    this.sqn = readUint32(bytes, 16);
    this.trail = readUint32(bytes, 20);
    const flags = bytes[5];
    // Parity packets need forward error correction, which no ZeroMQ uses.
    if ((flags & PARITY) !== 0) return "type";
    let at = DATA_AT;
    if ((flags & OPTIONS_PRESENT) !== 0) {
      at = this.#readOptions(bytes, at);
      if (at < 0) return "options";
    }
    this.dataAt = at;
    this.dataEnd = at + ((bytes[14] << 8) | bytes[15]);
    return this.dataEnd > bytes.length ? "length" : null;
  }

  #readSpm(bytes: Uint8Array): Fault | null {
    if (bytes.length < 36) return "short";
    this.sqn = readUint32(bytes, 16);
    this.trail = readUint32(bytes, 20);
    this.lead = readUint32(bytes, 24);
    const path = readAddress(bytes, 28);
    if (path === null) return "address";
    this.address = path.text;
    return (bytes[5] & OPTIONS_PRESENT) !== 0 && this.#readOptions(bytes, path.end) < 0 ? "options" : null;
  }

  #readNak(bytes: Uint8Array): Fault | null {
    if (bytes.length < 36) return "short";
    this.sqn = readUint32(bytes, 16);
    this.list.length = 0;
    const source = readAddress(bytes, 20);
    const group = source === null ? null : readAddress(bytes, source.end);
    if (source === null || group === null) return "address";
    this.address = source.text;
    this.group = group.text;
    return (bytes[5] & OPTIONS_PRESENT) !== 0 && this.#readOptions(bytes, group.end) < 0 ? "options" : null;
  }

  // Returns where the options end, or -1.
  #readOptions(bytes: Uint8Array, start: number): number {
    if (bytes.length < start + 4 || bytes[start] !== OPT_LENGTH || bytes[start + 1] !== 4) return -1;
    const end = start + ((bytes[start + 2] << 8) | bytes[start + 3]);
    if (end < start + 4 || end > bytes.length) return -1;
    for (let at = start + 4; at < end; ) {
      const type = bytes[at] & ~OPT_LAST;
      const length = bytes[at + 1];
      if (at + 3 > end || length < 3 || at + length > end) return -1;
      if (type === OPT_NAK_LIST) {
        if (length < 8 || length % 4 !== 0) return -1;
        for (let each = at + 4; each < at + length && this.list.length < MAX_LIST; each += 4)
          this.list.push(readUint32(bytes, each));
      } else if (type === OPT_FIN) this.fin = true;
      else if (type === OPT_SYN) this.syn = true;
      else if (type === OPT_RST) this.rst = true;
      if ((bytes[at] & OPT_LAST) !== 0) return end;
      at += length;
    }
    return end;
  }
}

// Writing ---------------------------------------------------------------------------------------------------------------

function writeHead(bytes: Uint8Array, type: number, flags: number, from: number, to: number, id: SourceId, tsdu: number): void {
  bytes[0] = from >>> 8;
  bytes[1] = from;
  bytes[2] = to >>> 8;
  bytes[3] = to;
  bytes[4] = type;
  bytes[5] = flags;
  writeUint32(bytes, 8, id.high);
  bytes[12] = id.low >>> 24;
  bytes[13] = id.low >>> 16;
  bytes[14] = tsdu >>> 8;
  bytes[15] = tsdu;
}

/** The port of the data's source. */
export function portOf(id: SourceId): number {
  return id.low & 0xffff;
}

/** Completes a data packet of which `bytes` from DATA_AT on is the data: as original or repair, with the trail of now. */
export function sealData(
  bytes: Uint8Array,
  type: typeof ODATA | typeof RDATA,
  id: SourceId,
  port: number,
  sqn: number,
  trail: number,
): void {
  writeHead(bytes, type, 0, portOf(id), port, id, bytes.length - DATA_AT);
  writeUint32(bytes, 16, sqn);
  writeUint32(bytes, 20, trail);
  seal(bytes);
}

export interface SpmFields {
  readonly sqn: number;
  readonly trail: number;
  readonly lead: number;
  readonly address: string;
  readonly fin: boolean;
}

export function encodeSpm(id: SourceId, port: number, fields: SpmFields): Uint8Array {
  const bytes = new Uint8Array(64);
  writeUint32(bytes, 16, fields.sqn);
  writeUint32(bytes, 20, fields.trail);
  writeUint32(bytes, 24, fields.lead);
  let end = writeAddress(bytes, 28, fields.address);
  if (fields.fin) {
    bytes.set([OPT_LENGTH, 4, 0, 8, OPT_FIN | OPT_LAST, 4, 0, 0], end);
    end += 8;
  }
  writeHead(bytes, SPM, fields.fin ? OPTIONS_PRESENT : 0, portOf(id), port, id, 0);
  return seal(bytes.subarray(0, end));
}

export function encodeSpmr(id: SourceId, port: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeHead(bytes, SPMR, 0, port, portOf(id), id, 0);
  return seal(bytes);
}

/** A NAK, which goes to the source, or an NCF, which it answers to the group, for 1 to 63 sequence numbers. */
export function encodeNak(
  type: typeof NAK | typeof NCF,
  id: SourceId,
  port: number,
  addresses: { readonly source: string; readonly group: string },
  sqns: readonly number[],
): Uint8Array {
  const more = sqns.length - 1;
  const bytes = new Uint8Array(HEADER_BYTES + 4 + 40 + 8 + 4 * MAX_LIST);
  writeUint32(bytes, 16, sqns[0]);
  let end = writeAddress(bytes, writeAddress(bytes, 20, addresses.source), addresses.group);
  if (more > 0) {
    const length = 4 + 4 * more;
    bytes.set([OPT_LENGTH, 4, (4 + length) >>> 8, 4 + length, OPT_NAK_LIST | OPT_LAST, length, 0, 0], end);
    end += 8;
    for (let i = 1; i <= more; i++, end += 4) writeUint32(bytes, end, sqns[i]);
  }
  const flags = more > 0 ? OPTIONS_PRESENT | OPTIONS_NETWORK : 0;
  if (type === NAK) writeHead(bytes, type, flags, port, portOf(id), id, 0);
  else writeHead(bytes, type, flags, portOf(id), port, id, 0);
  return seal(bytes.subarray(0, end));
}

function seal(bytes: Uint8Array): Uint8Array {
  bytes[6] = bytes[7] = 0;
  const sum = checksum(bytes, 0, bytes.length) || 0xffff;
  bytes[6] = sum >>> 8;
  bytes[7] = sum;
  return bytes;
}

/** One's complement of the one's complement sum of 16-bit numbers; 0 over a packet whose checksum is right. */
export function checksum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let at = start;
  // 2^16 numbers of 16 bits fit into 32 bits; a datagram has fewer.
  for (const whole = end - 7; at < whole; at += 8) {
    sum +=
      ((bytes[at] + bytes[at + 2] + bytes[at + 4] + bytes[at + 6]) << 8) +
      (bytes[at + 1] + bytes[at + 3] + bytes[at + 5] + bytes[at + 7]);
  }
  for (; at + 1 < end; at += 2) sum += (bytes[at] << 8) + bytes[at + 1];
  if (at < end) sum += bytes[at] << 8;
  sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
}
