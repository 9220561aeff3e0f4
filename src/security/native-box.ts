/**
 * `sodium-native`, where it is installed: libsodium in C behind a binding, faster than WebAssembly for large frames. It
 * is never needed, and only the entry for Node.js looks for it.
 */
import type { NativeBox } from "./sodium.ts";

/** The package's functions, or null when it is not there or does not work here. */
export async function loadSodiumNative(): Promise<NativeBox | null> {
  try {
    const { default: sodium } = await import("sodium-native");
    return {
      seal: (box, text, nonce, key) => sodium.crypto_secretbox_easy(box, text, nonce, key),
      open: (text, box, nonce, key) => sodium.crypto_secretbox_open_easy(text, box, nonce, key),
    };
  } catch {
    return null; // Not installed: WebAssembly does all.
  }
}
