/**
 * What a CURVE handshake needs of the world: libsodium, which may have to be loaded first, and random octets.
 */
import { ZmqError } from "../base/errors.ts";
import { fail, type MechanismStep } from "../zmtp/mechanism.ts";
import { type RandomBytes, secureRandom } from "./random.ts";
import { type NativeBox, Sodium } from "./sodium.ts";

export interface CurveCrypto {
  readonly random: RandomBytes;
  /** Finds the native library, or says that there is none. */
  loadNative(): Promise<NativeBox | null>;
}

/** WebAssembly alone. */
export const PORTABLE_CRYPTO: CurveCrypto = { random: secureRandom, loadNative: () => Promise.resolve(null) };

/** The step that `then` makes when libsodium is there: now, or later. */
export function cryptoStep(
  crypto: CurveCrypto,
  later: (step: MechanismStep) => void,
  then: (sodium: Sodium) => MechanismStep,
): MechanismStep {
  if (Sodium.loaded !== null) return then(Sodium.loaded);
  Sodium.load(() => crypto.loadNative()).then(
    (sodium) => later(then(sodium)),
    (error: unknown) => later(fail("crypto-unavailable", error instanceof ZmqError ? error.message : String(error))),
  );
  return { kind: "wait" };
}
