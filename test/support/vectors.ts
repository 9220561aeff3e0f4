/** The byte vectors of `test/vectors/`; their notation and origin are in SOURCES.md there. */
import { readFileSync } from "node:fs";

export interface GreetingVector {
  readonly title: string;
  readonly bytes: string;
  readonly mechanism: string;
  readonly minor: number;
  /** Length of the routing id that the padding announces. */
  readonly identityBytes: number;
}

export interface CommandVector {
  readonly title: string;
  readonly bytes: string;
  readonly name: string;
  /** The fields that this command has. */
  readonly metadata?: readonly (readonly [name: string, value: string])[];
  readonly reason?: string;
  readonly topic?: string;
  readonly group?: string;
  readonly ttl?: number;
  readonly context?: string;
}

export interface MessageVector {
  readonly title: string;
  readonly bytes: string;
  /** Each frame's body. */
  readonly frames: readonly string[];
}

export interface LenientVector {
  readonly title: string;
  readonly bytes: string;
  /** What comes out: a frame's body, or a command's name. */
  readonly frames?: readonly string[];
  readonly command?: string;
}

/** An input that once found something, and the fuzz target that it found it in. */
export interface FoundInput {
  readonly target: string;
  readonly input: string;
  readonly why: string;
}

function read<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T[];
}

export const greetings = read<GreetingVector>("greetings");
export const commands = read<CommandVector>("commands");
export const messages = read<MessageVector>("messages");
export const lenient = read<LenientVector>("lenient");
export const found = read<FoundInput>("fuzz");
