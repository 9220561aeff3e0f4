/** Medians and spread of a few runs, and figures as people read them. */

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** (most - least) / median. */
  readonly spread: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function summarize(values: readonly number[]): Summary {
  const middle = median(values);
  const least = Math.min(...values);
  const most = Math.max(...values);
  return { median: middle, least, most, spread: middle === 0 ? 0 : (most - least) / middle };
}

/** 3 significant digits with a suffix: 12.3 k, 4.56 M. */
export function compact(value: number): string {
  for (const [limit, suffix] of [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ] as const) {
    if (value >= limit) return threeDigits(value / limit) + suffix;
  }
  return threeDigits(value);
}

function threeDigits(value: number): string {
  if (value === 0) return "0";
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 0.01
        ? value.toFixed(2)
        : value.toPrecision(2);
}

/** Bytes as the tables call them: 10 B, 100 kB. */
export function sizeName(bytes: number): string {
  return bytes >= 1e6 ? `${bytes / 1e6} MB` : bytes >= 1000 ? `${bytes / 1000} kB` : `${bytes} B`;
}
