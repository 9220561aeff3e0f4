/**
 * Who holds one topic, and how often. Nearly always that is one holder, who costs no collection.
 *
 * Invariant: the first holder is absent only when there is none at all; the others never include the first.
 */

export class TopicHolders<Holder> {
  #first: Holder | undefined = undefined;
  #count = 0;
  #others: Map<Holder, number> | null = null;

  /** Distinct holders. */
  get size(): number {
    return (this.#count > 0 ? 1 : 0) + (this.#others?.size ?? 0);
  }

  has(holder: Holder): boolean {
    return this.get(holder) !== undefined;
  }

  /** How often `holder` holds it; undefined: not at all. */
  get(holder: Holder): number | undefined {
    return this.#count > 0 && this.#first === holder ? this.#count : this.#others?.get(holder);
  }

  /** Counts one more of `holder`. */
  add(holder: Holder): void {
    if (this.#count === 0) this.#first = holder;
    if (this.#first === holder) this.#count++;
    else {
      this.#others ??= new Map();
      this.#others.set(holder, (this.#others.get(holder) ?? 0) + 1);
    }
  }

  /** Counts one less of `holder`; returns how many it has left. */
  remove(holder: Holder): number {
    const left = (this.get(holder) ?? 0) - 1;
    if (this.#first === holder) this.#count = Math.max(left, 0);
    else if (left > 0) this.#others?.set(holder, left);
    else this.#others?.delete(holder);
    if (this.#count === 0) this.#promote();
    if (this.#others?.size === 0) this.#others = null;
    return Math.max(left, 0);
  }

  /** Calls back for each holder, once. */
  each(onHolder: (holder: Holder) => void): void {
    if (this.#count > 0) onHolder(this.#first as Holder);
    if (this.#others !== null) for (const holder of this.#others.keys()) onHolder(holder);
  }

  #promote(): void {
    this.#first = undefined;
    for (const [holder, count] of this.#others ?? []) {
      this.#first = holder;
      this.#count = count;
      this.#others?.delete(holder);
      return;
    }
  }
}
