/**
 * `sodium-native`, where it is installed: libsodium in C behind a binding, faster than WebAssembly for large frames. It
 * is never needed, and only the entry for Node.js looks for it.
 */
import { viewOf } from "../base/bytes.ts";
import type { NativeBox } from "./sodium.ts";

const TAG_BYTES = 16;

/** The package's functions, or null when it is not there or does not work here. */
export async function loadSodiumNative(): Promise<NativeBox | null> {
  try {
    const { default: sodium } = await import("sodium-native");
    return {
      seal(box, nonce, key) {
        const { buffer, byteOffset, length } = box;
        const text = viewOf(buffer, byteOffset + TAG_BYTES, length - TAG_BYTES);
        sodium.crypto_secretbox_detached(text, viewOf(buffer, byteOffset, TAG_BYTES), text, nonce, key);
      },
      open: (text, box, nonce, key) => sodium.crypto_secretbox_open_easy(text, box, nonce, key),
    };
  } catch {
    return null; // Not installed: WebAssembly does all.
  }
}
