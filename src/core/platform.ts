/**
 * What a runtime gives to every context: the clock, the random source, the transports, warnings, and the size of its
 * largest buffer.
 *
 * The entry (`node.ts`, later `browser.ts`) installs its platform once, when it is loaded; tests give a context one of their own.
 */

import type { Clock } from "../base/clock.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { StreamProtocols } from "../zmtp/stream-framing.ts";
import type { SecurityProvider } from "./security.ts";
import type { Transport } from "./transport.ts";

export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  /** A context's transports, made anew for each: inproc names belong to one context. */
  transports(): Transport[];
  /** What the default context has, which is one for all threads of a process; absent: as any context. */
  readonly shared?: SharedPlatform;
  /** Blocks this thread until something happened between threads, at most so many milliseconds; where that is possible. */
  waitForThreads?(ms: number): void;
  /** Tells the user, once per text and process if it can. */
  warn(text: string): void;
  /** What is spoken over links of bytes; absent when no transport has such links. */
  readonly streams?: StreamProtocols;
  /** The mechanisms beside NULL; absent when there are none. */
  readonly security?: SecurityProvider;
  /** The runtime's largest buffer, in bytes. */
  readonly maxFrameBytes: number;
  /** Calls back each time the process has nothing left to do, until the returned function is called. */
  onIdle(callback: () => void): () => void;
}

/** The part of a platform that all threads of a process have together. */
export interface SharedPlatform {
  transports(): Transport[];
  waitForThreads(ms: number): void;
}

let installed: Platform | undefined;

export function installPlatform(platform: Platform): void {
  installed = platform;
}

export function installedPlatform(): Platform {
  assert(installed !== undefined, "an entry installs the platform before a context is made");
  return installed;
}
