/**
 * Copying between shared memory and memory of a thread's own.
 *
 * V8's `set` copies shared memory word by word, or octet by octet where the two are not aligned alike: 1 MB takes 35 to 70 µs
 * in Node.js 20 to 24 instead of 16. `Buffer.fill(bytes, from, to)`, whose pattern is as long as what is filled, is one native copy
 * there. In Deno it is a slow loop, and in Bun `set` is native: both take `set`. Figures: docs/performance.md.
 * Invariant: nobody else writes the octets meanwhile; the ring's positions say whose they are.
 */
import { setBytes } from "../base/bytes.ts";

/** From this size on calling out of JavaScript pays. */
const NATIVE_BYTES = 2048;

type Fill = (this: Uint8Array, source: Uint8Array, from: number, to: number) => unknown;

interface Host {
  readonly Buffer?: { readonly prototype: { readonly fill: Fill } };
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly Bun?: unknown;
  readonly Deno?: unknown;
}

const host = globalThis as Host;
const isNode = host.process?.versions?.node !== undefined && host.Bun === undefined && host.Deno === undefined;
const nativeFill: Fill | undefined = isNode ? host.Buffer?.prototype.fill : undefined;

/** Copies `source` to `target` from `at` on, where there is room for it; one of both is shared. */
export function copyShared(target: Uint8Array, source: Uint8Array, at: number): void {
  if (nativeFill !== undefined && source.length >= NATIVE_BYTES) nativeFill.call(target, source, at, at + source.length);
  else setBytes.call(target, source, at);
}
