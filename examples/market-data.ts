/**
 * Market data to many receivers: one PUB sends quotes to a multicast group, and every SUB of the group hears each packet
 * once, whatever their number. What is lost on the way is repaired; what cannot be is told by a `gap` event.
 *
 * Here all are in one process, which hears its own multicast. Between machines give the interface: MARKET_DATA may hold
 * another endpoint, such as `epgm://eth0;239.192.8.1:5570`.
 */
import { Publisher, Subscriber } from "zmtp";

const ENDPOINT = process.env.MARKET_DATA ?? "epgm://;239.192.8.1:5570";
const QUOTES = 500;
const SYMBOLS = ["ACME", "INIT", "UMBR", "WAYN"];
// 20 Mbit/s, and five seconds in which a lost packet can be repaired: the same for all members of a group.
const GROUP = { rate: 20_000, recoveryInterval: 5000 };

class Desk {
  readonly #name: string;
  readonly #socket = new Subscriber({ ...GROUP, receiveTimeout: 10_000 });
  #count = 0;
  #lost = 0;

  constructor(name: string, ...symbols: string[]) {
    this.#name = name;
    this.#socket.subscribe(...symbols);
    // Where the feed has a hole a desk must not trade on what it knows: it asks for a snapshot, here it only counts.
    this.#socket.events.on("gap", ({ count }) => {
      this.#lost += count;
    });
  }

  /** Resolves when the group is heard; a SUB may bind or connect, which is the same here. */
  listen(): Promise<void> {
    return this.#socket.bind(ENDPOINT);
  }

  /** Reads until the market closes. */
  async trade(): Promise<void> {
    const prices = new Map<string, number>();
    for await (const [symbol, price] of this.#socket) {
      if (String(symbol) === "CLOSE") break;
      prices.set(String(symbol), Number(price));
      this.#count++;
    }
    const last = [...prices].map(([symbol, price]) => `${symbol} ${price}`).join(", ");
    console.log(`${this.#name}: ${this.#count} quotes, ${this.#lost} packets lost, last: ${last}`);
    this.#socket.close();
  }
}

const desks = [
  new Desk("all desk", "" /* everything */),
  new Desk("ACME desk", "ACME", "CLOSE"),
  new Desk("U to W desk", "U", "W", "CLOSE"),
];
await Promise.all(desks.map((desk) => desk.listen()));
const trading = Promise.all(desks.map((desk) => desk.trade()));

const feed = new Publisher({ ...GROUP, noDrop: true });
await feed.bind(ENDPOINT);
for (let i = 0; i < QUOTES; i++) await feed.send([SYMBOLS[i % SYMBOLS.length], String(100 + i)]);
await feed.send("CLOSE");

// A source serves repairs for as long as it is open.
await trading;
await feed.end();
