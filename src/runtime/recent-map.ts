/** What costs to make, kept under its key: so many at most, and those that were used last. */
export class RecentMap<K, V> {
  readonly #max: number;
  /** The one that was used longest ago comes first. */
  readonly #kept = new Map<K, V>();

  constructor(max: number) {
    this.#max = max;
  }

  /** What is kept, or what `make` makes; nothing is kept when that throws. */
  recall(key: K, make: () => V): V {
    const known = this.#kept.get(key);
    const value = known === undefined ? make() : known;
    this.#kept.delete(key);
    this.#kept.set(key, value);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= this.#max) break;
      this.#kept.delete(oldest);
    }
    return value;
  }

  keys(): Iterable<K> {
    return this.#kept.keys();
  }

  delete(key: K): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }
}
