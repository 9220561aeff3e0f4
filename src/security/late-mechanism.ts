/**
 * A mechanism whose code is loaded with its first handshake, which waits: so that a page without security does not carry it.
 */
import { fail, type Mechanism, type MechanismStep } from "../zmtp/mechanism.ts";

export class LateMechanism implements Mechanism {
  readonly name: string;
  /** Not known before it is loaded. */
  readonly confidential = true;
  #load: () => Promise<Mechanism>;
  #loaded: Mechanism | null = null;
  #closed = false;

  /** `load` is called once, when the greeting is complete. */
  constructor(name: string, load: () => Promise<Mechanism>) {
    this.name = name;
    this.#load = load;
  }

  start(later: (step: MechanismStep) => void): MechanismStep {
    this.#load().then(
      (mechanism) => {
        if (this.#closed) return mechanism.close();
        this.#loaded = mechanism;
        const step = mechanism.start(later);
        if (step.kind !== "wait") later(step);
      },
      (error: unknown) => {
        if (!this.#closed) later(fail("crypto-unavailable", `its code could not be loaded: ${String(error)}`));
      },
    );
    return { kind: "wait" };
  }

  onCommand(body: Uint8Array): MechanismStep {
    return (this.#loaded as Mechanism).onCommand(body);
  }

  close(): void {
    this.#closed = true;
    this.#loaded?.close();
  }
}
