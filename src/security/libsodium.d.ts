// What we use of the package `libsodium`, which brings no types: its module is a factory of emscripten's kind. Pointers
// are offsets in its heap; a 64-bit length is passed as two halves.

declare module "libsodium" {
  export interface LibsodiumModule {
    /** The heap; another array after it has grown. */
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _sodium_init(): number;
    _crypto_scalarmult_base(publicKey: number, secretKey: number): number;
    _crypto_box_beforenm(key: number, publicKey: number, secretKey: number): number;
    _crypto_box_easy_afternm(box: number, text: number, low: number, high: number, nonce: number, key: number): number;
    _crypto_box_open_easy_afternm(text: number, box: number, low: number, high: number, nonce: number, key: number): number;
    _crypto_box_detached_afternm(
      sealed: number,
      tag: number,
      text: number,
      low: number,
      high: number,
      nonce: number,
      key: number,
    ): number;
    _crypto_box_open_detached_afternm(
      text: number,
      sealed: number,
      tag: number,
      low: number,
      high: number,
      nonce: number,
      key: number,
    ): number;
  }
  const create: (settings: { readonly getRandomValue: () => number }) => Promise<LibsodiumModule>;
  export default create;
}

declare module "sodium-native" {
  const sodium: {
    crypto_secretbox_easy(box: Uint8Array, text: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
    crypto_secretbox_open_easy(text: Uint8Array, box: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
  };
  export default sodium;
}
