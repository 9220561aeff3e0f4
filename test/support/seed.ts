/** The seed of random tests: printed with every run, taken from ZMTP_SEED to repeat one. */
const given = process.env.ZMTP_SEED;

/** What this run's random tests begin from. */
export const seed: number = given === undefined ? (Date.now() ^ (process.pid << 12)) >>> 0 : Number(given) >>> 0;

/** Says how to repeat a run; call it once per file. */
export function printSeed(): void {
  console.log(`random tests of this run begin from ZMTP_SEED=${seed}`);
}
