/**
 * The cryptography of CURVE: libsodium's WebAssembly build, called on its own heap (RFC 26 "Cryptographic Primitives").
 *
 *     heap   [ key 32 ] [ key 32 ] …   [ nonce 24 ]   [ input ]   [ work … ]     keys are made, used and wiped in here
 *
 * Owns: loading, the heap, keys in it, and the boxes of the handshake, which are few. Does not own: the boxes of the
 * traffic, which work on the heap themselves (curve-box.ts), and what is boxed.
 * Invariants: the library is loaded once, with the first CURVE connection; a box is tag first (16 octets), then as long
 * as its text; a key that was closed is zero and is not used again.
 */
import type { LibsodiumModule } from "libsodium";
import { allocate, copyBytes } from "../base/bytes.ts";
import { assert, ZmqError } from "../base/errors.ts";
import { secureRandom } from "./random.ts";

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/** What the work area has; it grows for a larger frame, and shrinks again when one came that large no more. */
const WORK_BYTES = 256 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;
/** What the input area has. */
export const INPUT_BYTES = 128 * 1024;

/** A faster library for large frames, if the platform has one. Keys are 32 octets, boxes tag first. */
export interface NativeBox {
  /** Makes the box of a text, which may be `box[16..]` itself. */
  seal(box: Uint8Array, text: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
  /** Writes the text of a box, maybe over `box[16..]`, and says whether the box was right: if not, nothing is written. */
  open(text: Uint8Array, box: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
}

/** A key for boxes between two parties, in the heap. */
export interface BoxKey {
  readonly pointer: number;
  /** Wipes it. */
  close(): void;
}

let loading: Promise<Sodium> | null = null;

export class Sodium {
  /** The library, once it is loaded. */
  static loaded: Sodium | null = null;
  readonly module: LibsodiumModule;
  readonly native: NativeBox | null;
  /** Room for a nonce. */
  readonly nonce: number;
  /** Room for INPUT_BYTES of frames to be sealed, and one octet before them. */
  readonly input: number;
  #work: number;
  #workBytes = WORK_BYTES;

  constructor(module: LibsodiumModule, native: NativeBox | null) {
    this.module = module;
    this.native = native;
    this.nonce = module._malloc(NONCE_BYTES);
    this.input = module._malloc(1 + INPUT_BYTES) + 1;
    this.#work = module._malloc(WORK_BYTES);
  }

  /** Loads the library, and the native one if `loadNative` finds it. ENOTSUP when there is no WebAssembly or no package. */
  static load(loadNative: () => Promise<NativeBox | null>): Promise<Sodium> {
    loading ??= start(loadNative);
    return loading;
  }

  /** A work area of at least `bytes`, its contents anybody's until the next call; undefined when the heap cannot grow so far. */
  work(bytes: number): number | undefined {
    if (bytes > this.#workBytes || (this.#workBytes > LARGE_BYTES && bytes <= WORK_BYTES)) {
      this.module._free(this.#work);
      const size = Math.max(WORK_BYTES, bytes);
      this.#work = this.module._malloc(size);
      this.#workBytes = this.#work === 0 ? 0 : size;
    }
    return this.#work === 0 ? undefined : this.#work;
  }

  publicKey(secretKey: Uint8Array): Uint8Array {
    const { module } = this;
    const work = this.work(2 * KEY_BYTES) as number;
    module.HEAPU8.set(secretKey, work);
    module._crypto_scalarmult_base(work + KEY_BYTES, work);
    module.HEAPU8.fill(0, work, work + KEY_BYTES);
    return copyBytes(module.HEAPU8, work + KEY_BYTES, work + 2 * KEY_BYTES);
  }

  /** The key that the owners of both key pairs share; undefined for a public key that is none (of low order). */
  sharedKey(publicKey: Uint8Array, secretKey: Uint8Array): BoxKey | undefined {
    const { module } = this;
    const work = this.work(2 * KEY_BYTES) as number;
    const key = this.#newKey();
    module.HEAPU8.set(publicKey, work);
    module.HEAPU8.set(secretKey, work + KEY_BYTES);
    const failed = module._crypto_box_beforenm(key.pointer, work, work + KEY_BYTES) !== 0;
    module.HEAPU8.fill(0, work, work + 2 * KEY_BYTES);
    if (!failed) return key;
    key.close();
    return undefined;
  }

  /** A key that was not agreed upon but made; the caller's octets stay the caller's. */
  secretKey(octets: Uint8Array): BoxKey {
    const key = this.#newKey();
    this.module.HEAPU8.set(octets, key.pointer);
    return key;
  }

  seal(text: Uint8Array, nonce: Uint8Array, key: BoxKey): Uint8Array {
    const { module } = this;
    const size = text.length + TAG_BYTES;
    const input = this.#workFor(text.length + size);
    const output = input + text.length;
    module.HEAPU8.set(text, input);
    module.HEAPU8.set(nonce, this.nonce);
    module._crypto_box_easy_afternm(output, input, text.length, 0, this.nonce, key.pointer);
    module.HEAPU8.fill(0, input, output);
    return copyBytes(module.HEAPU8, output, output + size);
  }

  /** The text of a box; undefined when it was made with another key or nonce, or changed. */
  open(box: Uint8Array, nonce: Uint8Array, key: BoxKey): Uint8Array | undefined {
    if (box.length < TAG_BYTES) return undefined;
    const { module } = this;
    const size = box.length - TAG_BYTES;
    const input = this.#workFor(box.length + size);
    const output = input + box.length;
    module.HEAPU8.set(box, input);
    module.HEAPU8.set(nonce, this.nonce);
    if (module._crypto_box_open_easy_afternm(output, input, box.length, 0, this.nonce, key.pointer) !== 0) return undefined;
    const text = allocate(size);
    text.set(module.HEAPU8.subarray(output, output + size));
    module.HEAPU8.fill(0, output, output + size);
    return text;
  }

  #newKey(): BoxKey {
    const { module } = this;
    const pointer = module._malloc(KEY_BYTES);
    assert(pointer !== 0, "the heap has room for a key");
    let closed = false;
    return {
      pointer,
      close() {
        if (closed) return;
        closed = true;
        module.HEAPU8.fill(0, pointer, pointer + KEY_BYTES);
        module._free(pointer);
      },
    };
  }

  // The frames of a handshake are small, and fit always.
  #workFor(bytes: number): number {
    const work = this.work(bytes);
    assert(work !== undefined, "the heap has room for a handshake's frame");
    return work;
  }
}

async function start(loadNative: () => Promise<NativeBox | null>): Promise<Sodium> {
  try {
    const [{ default: create }, native] = await Promise.all([import("libsodium"), loadNative()]);
    const one = new Uint32Array(1);
    const module = await create({
      getRandomValue() {
        secureRandom(one as unknown as Uint8Array);
        return one[0];
      },
    });
    module._sodium_init();
    Sodium.loaded = new Sodium(module, native);
    return Sodium.loaded;
  } catch (cause) {
    loading = null;
    throw new ZmqError("crypto-unavailable", "CURVE needs the package libsodium and WebAssembly; it could not be loaded", {
      cause,
    });
  }
}
