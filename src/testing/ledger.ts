/**
 * What was sent and what came: numbered messages, and the rules that hold for them whatever the network does.
 *
 * Each sender numbers its messages. Nothing may come twice, nothing that was not sent, and where the order counts,
 * nothing that was sent before what has come already.
 */
export class Ledger {
  readonly #sent = new Map<string, number>();
  readonly #came = new Map<string, Set<number>>();
  readonly #last = new Map<string, number>();

  /** The next message of a sender: its text is `sender number`. To be called only for messages that are sent. */
  next(sender: string): string {
    const number = (this.#sent.get(sender) ?? 0) + 1;
    this.#sent.set(sender, number);
    return `${sender} ${number}`;
  }

  /** Takes the last number back: the message was refused. */
  refused(sender: string): void {
    this.#sent.set(sender, (this.#sent.get(sender) ?? 0) - 1);
  }

  /**
   * A message came. Throws if it was not sent, or came before. With `lane`, also if a later one of its sender came by
   * the same lane before. With `copies`, each receiver of that name gets its own copy.
   */
  came(message: { toString(): string }, { lane, copies = "" }: { readonly lane?: string; readonly copies?: string } = {}): void {
    const text = message.toString();
    const [sender, digits] = text.split(" ");
    const number = Number(digits);
    if (!(number >= 1 && number <= (this.#sent.get(sender) ?? 0))) throw new Error(`"${text}" came but was never sent`);
    const key = `${sender} ${copies}`;
    const before = this.#came.get(key) ?? new Set();
    this.#came.set(key, before);
    if (before.has(number)) throw new Error(`"${text}" came twice${copies && ` to ${copies}`}`);
    before.add(number);
    if (lane === undefined) return;
    const last = this.#last.get(`${sender} ${lane}`) ?? 0;
    if (number < last) throw new Error(`"${text}" came by ${lane} after number ${last}`);
    this.#last.set(`${sender} ${lane}`, number);
  }

  /** How many messages were sent, by one sender or by all. */
  sent(sender?: string): number {
    return sum(
      this.#sent,
      (key) => sender === undefined || key === sender,
      (value) => value,
    );
  }

  /** How many came of one sender's messages or of all. */
  arrived(sender?: string): number {
    return sum(
      this.#came,
      (key) => sender === undefined || key.startsWith(`${sender} `),
      (value) => value.size,
    );
  }
}

function sum<V>(map: ReadonlyMap<string, V>, counts: (key: string) => boolean, size: (value: V) => number): number {
  let total = 0;
  for (const [key, value] of map) if (counts(key)) total += size(value);
  return total;
}
