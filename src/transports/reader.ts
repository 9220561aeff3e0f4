/**
 * Reading from a Node.js socket into memory of our choice instead of a new chunk for each read.
 *
 *     kernel ──▶ one buffer that all sockets share, lent to the sink for the time of the call
 *     kernel ──▶ the large body that the sink is waiting for, without a copy
 *
 * Node.js offers this (`onread`) when a socket is made, so only for those that dial. An accepted socket's handle is put
 * into a new socket; where the runtime's handle cannot read into a given buffer, nothing is changed and chunks come as
 * `data` events. Whether it can is seen at the first connected socket, which is taken over also if it was dialled.
 * Figures: docs/performance.md. Invariant: nothing of the shared buffer is kept after a call.
 */
import type { ConnectOpts, Socket as NodeSocket, SocketConstructorOpts } from "node:net";
import type { LinkSink } from "../core/transport.ts";
import { noteLarge } from "./spare-heap.ts";

/** What one read takes at most, unless it goes into a body. */
const SHARED_BYTES = 65536;
let shared: Uint8Array | null = null;
// Whether this runtime's handles were seen to read into a given buffer.
let works = false;

/** What is used of a socket's handle, which Node.js does not document. */
interface Handle {
  useUserBuffer?: unknown;
  reading: boolean;
  readStop(): unknown;
}

export class Reader {
  sink: LinkSink | null = null;
  // What the next read goes into, when that is not the shared buffer.
  #space: Uint8Array | null = null;

  /** For a socket that is to dial; null where it has to be taken over when it is connected. */
  static forDialling(): Reader | null {
    return works ? new Reader() : null;
  }

  /** The option for the socket that is to be read from in this way. */
  get option(): Pick<ConnectOpts, "onread"> {
    shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES);
    return {
      onread: {
        buffer: () => this.#next(),
        callback: (bytes) => this.#read(bytes),
      },
    };
  }

  /** Takes a connected socket's connection over into a socket of its own, or returns null and does nothing where that cannot be done. */
  adopt(socket: NodeSocket): NodeSocket | null {
    const owner = socket as unknown as { _handle: Handle | null };
    const handle = owner._handle;
    if (handle === null || typeof handle?.useUserBuffer !== "function") return null;
    works = true;
    // As a socket that is made with pauseOnCreate does; the new one starts again.
    handle.readStop();
    handle.reading = false;
    owner._handle = null;
    // Without its handle this only tells the listener that it is gone.
    socket.destroy();
    const options: SocketConstructorOpts & { handle: Handle } = { handle, ...this.option };
    // Loaded by the first use: decision 0069.
    return new (process.getBuiltinModule("node:net").Socket)(options);
  }

  #next(): Uint8Array {
    this.#space = this.sink?.space() ?? null;
    return this.#space ?? (shared as Uint8Array);
  }

  #read(bytes: number): boolean {
    if (this.#space !== null) {
      noteLarge(bytes);
      this.sink?.onFilled(bytes);
    } else this.sink?.onData((shared as Uint8Array).subarray(0, bytes), true);
    return true;
  }
}
