/**
 * No protocol at all: the engine of STREAM, for peers that speak something else over TCP. Chunks in, messages of one
 * frame out; the peer is ready when its connection is there.
 *
 * It has the shape of `Engine`, so that a connection need not know which one it has. Invariant: a paused engine keeps every byte.
 */
import { copyBytes } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import type { EngineSink, EngineState } from "./engine.ts";

export class RawEngine {
  readonly raw = true;
  readonly toCommand = null;
  readonly waiting = false;
  readonly toWire = null;
  /** Nothing is ever due. */
  readonly deadline: number = Number.POSITIVE_INFINITY;
  #sink: EngineSink;
  #state: EngineState = "greeting";
  #waiting = new Fifo<Uint8Array>();
  #paused = false;

  constructor(sink: EngineSink) {
    this.#sink = sink;
  }

  get state(): EngineState {
    return this.#state;
  }

  start(): void {
    this.#state = "ready";
    this.#sink.onReady({ socketType: "", routingId: new Uint8Array(0), metadata: new Map(), protocol: "" });
  }

  receive(chunk: Uint8Array, _now: number, lent = false): void {
    if (this.#state === "closed") return;
    this.#waiting.push(lent ? copyBytes(chunk) : chunk);
    this.#deliver();
  }

  space(): null {
    return null;
  }

  filled(): void {
    assert(false, "a raw engine has no space to fill");
  }

  pause(): void {
    this.#paused = true;
  }

  resume(_now: number): void {
    this.#paused = false;
    this.#deliver();
  }

  tick(_now: number, _excused?: boolean): void {}

  heard(): void {}

  close(): void {
    this.#state = "closed";
    this.#waiting.clear();
  }

  #deliver(): void {
    while (!this.#paused) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return;
      this.#paused = !this.#sink.onMessage([chunk]);
    }
  }
}
