/** What the socket types with messages of one frame have in common (RFC 41, 48, 49, 51, 52). */
import { ZmqError } from "../base/errors.ts";
import type { Frame } from "./message.ts";
import type { SocketCore } from "./socket-core.ts";

/** Throws EINVAL for a message of several frames. */
export function assertSingle(core: SocketCore, frames: readonly Frame[]): void {
  if (frames.length === 1) return;
  throw new ZmqError(
    "invalid-argument",
    `Invalid argument: a ${core.name} sends single frames, got a message of ${frames.length}`,
  );
}

/** The next message of one frame; others, which a peer should not have sent, are dropped whole. */
export function receiveSingle(core: SocketCore, next: () => Frame[] | undefined): Frame[] | undefined {
  for (;;) {
    const frames = next();
    if (frames === undefined || frames.length === 1) return frames;
    core.discard(frames, "malformed-message");
  }
}
