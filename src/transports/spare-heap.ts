/**
 * Keeps the memory of large bodies from going back to the system between two collections.
 *
 * Bodies become garbage, and many are freed at a time. The malloc of glibc then gives the top of its heap back, and each page
 * of the next bodies is a fault again: 244 of them for 1 MB, which cost more than moving it. glibc raises the limits at which
 * it does so when a block larger than any before is freed; so one that nobody ever touches is allocated and dropped, once, in a
 * process that moves large bodies. Afterwards at most twice its size stays in the heap when it is free.
 * Where malloc is another one, this is a block of address space for a while. Figures: docs/performance.md.
 */

/** As large as glibc takes note of (DEFAULT_MMAP_THRESHOLD_MAX is 32 MiB), with its header. */
export const SPARE_BYTES = 31 * 1024 * 1024;
/** Less would not pay; a stray large message changes nothing. */
export const LARGE_TRAFFIC_BYTES = 8 * 1024 * 1024;

const host = (globalThis as { Buffer?: { allocUnsafeSlow(size: number): unknown } }).Buffer;

let left = LARGE_TRAFFIC_BYTES;

/** So many octets of a large body were read or written; nothing happens where there is no `Buffer`. */
export function noteLarge(bytes: number): void {
  if (left <= 0) return;
  left -= bytes;
  // Freed by the next collection.
  if (left <= 0) host?.allocUnsafeSlow(SPARE_BYTES);
}
