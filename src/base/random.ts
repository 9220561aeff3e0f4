/**
 * The random port: back-off jitter, first routing ids and request ids. A parameter, so that a simulator can replay a seed.
 * Not for keys: security uses the platform's cryptographic source.
 */
export interface Random {
  /** A uniform integer in 0..below-1; `below` in 1..2^32. */
  next(below: number): number;
}

/** The platform's generator. */
export const platformRandom: Random = {
  next: (below) => Math.floor(Math.random() * below),
};

/** A small seeded generator (mulberry32): the same seed gives the same sequence on every platform. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next(below) {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
    },
  };
}
