/** A market that nobody should trade on: prices that wander, and what they were before. */

export interface Tick {
  readonly symbol: string;
  readonly price: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

const LISTED: readonly (readonly [symbol: string, name: string, price: number])[] = [
  ["ACRN", "Acorn Mills", 42.5],
  ["BRZE", "Breeze Power", 118.2],
  ["CMET", "Comet Freight", 67.8],
  ["DUNE", "Dune Glass", 23.1],
  ["EMBR", "Ember Foundry", 205.4],
  ["FJRD", "Fjord Salmon", 88.9],
];

/** How many prices of a symbol are remembered. */
const REMEMBERED = 120;

export class Market {
  #prices = new Map(LISTED.map(([symbol, , price]) => [symbol, [price]]));

  /** Symbols and names. */
  get listed(): { symbol: string; name: string }[] {
    return LISTED.map(([symbol, name]) => ({ symbol, name }));
  }

  history(symbol: string): readonly number[] {
    return this.#prices.get(symbol) ?? [];
  }

  /** The next price of each symbol: a step up or down, a little back to where it began. */
  next(): Tick[] {
    return LISTED.map(([symbol, , first]) => {
      const prices = this.#prices.get(symbol) as number[];
      const last = prices[prices.length - 1];
      const step = last * 0.012 * (Math.random() - 0.5) + (first - last) * 0.01;
      const price = Math.round((last + step) * 100) / 100;
      prices.push(price);
      if (prices.length > REMEMBERED) prices.shift();
      return { symbol, price, time: Date.now() };
    });
  }
}
