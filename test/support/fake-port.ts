// Ports whose messages wait until the test carries them: what comes early, late or never is the test's to say.

import type { Port } from "../../src/transports/exchange.ts";

/** One end of a channel. */
export class FakePort implements Port {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  other: FakePort | null = null;
  closed = false;
  readonly posted: unknown[] = [];
  #onClose: (() => void)[] = [];

  postMessage(message: unknown, transfer: object[] = []): void {
    // A fake port cannot be cloned: what brings one is handed over as it is.
    const brings = transfer.some((each) => each instanceof FakePort);
    this.posted.push(brings ? message : structuredClone(message, { transfer: transfer as ArrayBuffer[] }));
  }

  addEventListener(_type: "close", listener: () => void): void {
    this.#onClose.push(listener);
  }

  close(): void {
    this.closed = true;
  }

  /** The other side gets what was posted here, also when it has closed: engines differ in that. The number of messages. */
  carry(): number {
    const messages = this.posted.splice(0);
    for (const data of messages) this.other?.onmessage?.({ data });
    return messages.length;
  }

  /** The other side is gone, and the browser tells it. */
  vanish(): void {
    for (const listener of this.#onClose) listener();
  }
}

/** Both ends of a channel. */
export class FakeChannel {
  readonly port1 = new FakePort();
  readonly port2 = new FakePort();

  constructor() {
    this.port1.other = this.port2;
    this.port2.other = this.port1;
  }
}
