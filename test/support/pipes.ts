/** Pipes whose ends write down what they are told. */
import assert from "node:assert/strict";
import { Peer } from "../../src/core/peer.ts";
import { Pipe, type PipeOwner } from "../../src/core/pipe.ts";
import { FrameDecoder } from "../../src/zmtp/frame-decoder.ts";
import { text } from "./bytes.ts";
import { limits } from "./engine-probe.ts";

export class Owner implements PipeOwner {
  /** `readable`, `writable`, `closed`, `drained`, in order. */
  readonly told: string[] = [];
  /** What to do when told; after it is written down. */
  react: (what: string, pipe: Pipe) => void = () => undefined;

  onReadable(pipe: Pipe): void {
    this.#note("readable", pipe);
  }

  onWritable(pipe: Pipe): void {
    this.#note("writable", pipe);
  }

  onClosed(pipe: Pipe): void {
    this.#note("closed", pipe);
  }

  onDrained(pipe: Pipe): void {
    this.#note("drained", pipe);
  }

  /** What was told since the last call. */
  take(): string[] {
    return this.told.splice(0);
  }

  #note(what: string, pipe: Pipe): void {
    this.told.push(what);
    this.react(what, pipe);
  }
}

export interface Ends {
  readonly a: Pipe;
  readonly b: Pipe;
  readonly ownerA: Owner;
  readonly ownerB: Owner;
  readonly peerOfA: Peer;
  readonly peerOfB: Peer;
}

/** Both ends; `mark` is that of both directions. */
export function pipes(mark = 0, options: { markB?: number; conflate?: boolean; ownerA?: Owner } = {}): Ends {
  const ownerA = options.ownerA ?? new Owner();
  const ownerB = new Owner();
  const peerOfA = new Peer("tcp://b:1");
  const peerOfB = new Peer("tcp://a:1");
  const [a, b] = Pipe.pair(
    { owner: ownerA, peer: peerOfA, highWaterMark: mark },
    { owner: ownerB, peer: peerOfB, highWaterMark: options.markB ?? mark },
  );
  if (options.conflate) for (const end of [a, b]) end.conflate();
  return { a, b, ownerA, ownerB, peerOfA, peerOfB };
}

/** A message of one frame per text. */
export function frames(...bodies: string[]): Uint8Array[] {
  return bodies.map(text);
}

/** What a message says; undefined for none. */
export function said(message: Uint8Array[] | undefined): string | undefined {
  return message?.map(String).join("|");
}

/** Reads all that waits. */
export function readAll(pipe: Pipe): string[] {
  const all: string[] = [];
  for (let message = pipe.read(); message !== undefined; message = pipe.read()) all.push(said(message) as string);
  return all;
}

/** The messages that these octets of a connection are, each as `said` has it; commands are left out. */
export function decodeMessages(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const decoder = new FrameDecoder(
    {
      onMessage: (parts) => found.push(said(parts) as string) > 0,
      onCommand: () => true,
      onMalformed: (_, why) => assert.fail(why),
    },
    limits({ copyBodies: true }),
  );
  decoder.handshaking = false;
  decoder.receive(Buffer.from(bytes));
  return found;
}
