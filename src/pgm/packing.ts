/**
 * Messages in packets, as libzmq packs them: a continuous stream of ZMTP 1.0 frames, cut where a packet is full.
 *
 *     data of a packet:   offset(2)  …rest of a frame | frame | frame | begin of a fra…
 *
 * The offset counts the octets after it until the first message that begins in this packet, ffff when none does; a
 * receiver that comes late, or has lost packets, joins there. Packets are built in slabs where their header has its
 * place too, so that a packet is written once and kept for repairs as it is; who keeps them gives slabs back.
 * Invariant: no packet is larger than asked for; a message's octets are copied exactly once.
 */
import { allocateOwn, setBytes } from "../base/bytes.ts";
import type { ErrorReason } from "../base/errors.ts";
import type { DecoderLimits, Frame, FrameSink } from "../zmtp/frame-decoder.ts";
import { LegacyDecoder, MAX_LEGACY_HEADER_BYTES, writeLegacyHeader } from "../zmtp/legacy.ts";
import { DATA_AT } from "./packet.ts";

const OFFSET_BYTES = 2;
const NO_MESSAGE = 0xffff;
const FLAG_MORE = 1;
/** Packets share memory of this size, or of one packet where that is larger. */
const SLAB_BYTES = 64 * 1024;
/** A loop copies this much as fast as `set` does. */
const LOOP_BYTES = 16;

/** What a packer calls. */
export interface PackerSink {
  /** A packet as it will be sent, with room for the header in front. */
  onPacket(packet: Uint8Array): void;
  /** This slab is full with the packet that comes next. Gives one that nobody reads any more for it, if there is one. */
  exchange(full: Uint8Array): Uint8Array | undefined;
}

/** Puts messages into packets. */
export class Packer {
  /** Messages that the packet being filled has, whole or in part. */
  messages = 0;
  #packetBytes: number;
  #sink: PackerSink;
  #slab: Uint8Array;
  #start = 0;
  #at = 0;
  #end = 0;
  #first = NO_MESSAGE;
  #scratch = new Uint8Array(MAX_LEGACY_HEADER_BYTES);

  /** `dataBytes`: the most data in a packet. */
  constructor(dataBytes: number, sink: PackerSink) {
    this.#packetBytes = DATA_AT + dataBytes;
    this.#sink = sink;
    this.#slab = allocateOwn(Math.max(SLAB_BYTES, this.#packetBytes));
    this.#begin();
  }

  /** Adds a message; packets that are full go out. */
  add(frames: readonly Frame[]): void {
    if (this.#first === NO_MESSAGE) this.#first = this.#at - this.#start - DATA_AT - OFFSET_BYTES;
    this.messages++;
    const last = frames.length - 1;
    for (let i = 0; i <= last; i++) this.#frame(frames[i], i < last ? FLAG_MORE : 0);
  }

  /** Lets the packet go that is not full. */
  flush(): void {
    if (this.#at > this.#start + DATA_AT + OFFSET_BYTES) this.#emit();
  }

  #frame(body: Frame, flags: number): void {
    const size = body.length;
    if (this.#end - this.#at > MAX_LEGACY_HEADER_BYTES + size) {
      const to = writeLegacyHeader(this.#slab, this.#at, flags, size);
      if (size > LOOP_BYTES) setBytes.call(this.#slab, body, to);
      else for (let i = 0; i < size; i++) this.#slab[to + i] = body[i];
      this.#at = to + size;
      return;
    }
    const head = writeLegacyHeader(this.#scratch, 0, flags, size);
    this.#put(this.#scratch, head);
    this.#put(body, size);
  }

  #put(bytes: Uint8Array, size: number): void {
    for (let from = 0; from < size; ) {
      const step = Math.min(size - from, this.#end - this.#at);
      if (step > LOOP_BYTES) setBytes.call(this.#slab, bytes.subarray(from, from + step), this.#at);
      else for (let i = 0; i < step; i++) this.#slab[this.#at + i] = bytes[from + i];
      this.#at += step;
      from += step;
      if (this.#at === this.#end) this.#emit();
    }
  }

  #emit(): void {
    const start = this.#start;
    this.#slab[start + DATA_AT] = this.#first >>> 8;
    this.#slab[start + DATA_AT + 1] = this.#first;
    const packet = this.#slab.subarray(start, this.#at);
    this.messages = 0;
    this.#start = this.#at;
    this.#begin();
    this.#sink.onPacket(packet);
  }

  #begin(): void {
    if (this.#start + this.#packetBytes > this.#slab.length) {
      this.#slab = this.#sink.exchange(this.#slab) ?? allocateOwn(this.#slab.length);
      this.#start = 0;
    }
    this.#at = this.#start + DATA_AT + OFFSET_BYTES;
    this.#end = this.#start + this.#packetBytes;
    this.#first = NO_MESSAGE;
  }
}

/** What an unpacker calls. */
export interface UnpackerSink {
  /** A whole message. False: no more until `resume`. */
  onMessage(frames: Frame[]): boolean;
  /** The packet's data cannot be decoded; what follows is skipped up to the next message that begins in a packet. */
  onMalformed(reason: ErrorReason): void;
}

/** Takes the messages of one source out of its packets, which come in order. */
export class Unpacker implements FrameSink {
  /** The sink has asked for no more. */
  paused = false;
  #sink: UnpackerSink;
  #limits: DecoderLimits;
  #decoder: LegacyDecoder | null = null;

  constructor(sink: UnpackerSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** The data of the next packet, the unpacker's from now on. */
  receive(data: Uint8Array): void {
    const offset = data.length < OFFSET_BYTES ? -1 : (data[0] << 8) | data[1];
    if (offset < 0 || (offset !== NO_MESSAGE && offset > data.length - OFFSET_BYTES)) {
      this.lose();
      this.#sink.onMalformed("malformed-packet");
      return;
    }
    let from = OFFSET_BYTES;
    if (this.#decoder === null) {
      if (offset === NO_MESSAGE) return;
      from += offset;
      this.#decoder = new LegacyDecoder(this, this.#limits);
      this.#decoder.handshaking = false;
    }
    this.#decoder.receive(data.subarray(from));
  }

  /** Packets are missing: an unfinished message is given up, and decoding joins at the next that begins in a packet. */
  lose(): void {
    this.#decoder?.stop();
    this.#decoder = null;
    this.paused = false;
  }

  resume(): void {
    this.paused = false;
    this.#decoder?.resume();
  }

  onMessage(frames: Frame[]): boolean {
    this.paused = !this.#sink.onMessage(frames);
    return !this.paused;
  }

  onCommand(): boolean {
    return true;
  }

  onMalformed(reason: ErrorReason): void {
    this.#decoder = null;
    this.#sink.onMalformed(reason);
  }
}
