/**
 * Sequence numbers (RFC 3208 section 3.6; RFC 1982): 32 bits, and after ffffffff comes 0.
 *
 * `distance` is only meaningful within half of the circle, 2^31: what is farther counts as behind.
 */

/** How far `to` is ahead of `from`: negative when it is behind. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** The number `count` steps after `sqn`; before it when negative. */
export function after(sqn: number, count: number): number {
  return (sqn + count) >>> 0;
}
