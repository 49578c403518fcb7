/** A set of objects: one bit for each ordinal of a ChunkTable (5 million objects are 610 KiB). */
export class ChunkSet {
  #words = new Uint32Array(32);

  has(ordinal: number): boolean {
    return (((this.#words[ordinal >>> 5] ?? 0) >>> (ordinal & 31)) & 1) === 1;
  }

  /** False when it was in already. */
  add(ordinal: number): boolean {
    const word = ordinal >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    const before = this.#words[word] as number;
    const after = before | (1 << (ordinal & 31));
    this.#words[word] = after;
    return before !== this.#words[word];
  }

  addAll(other: ChunkSet): this {
    if (other.#words.length > this.#words.length) this.#grow(other.#words.length);
    for (let word = 0; word < other.#words.length; word++) {
      this.#words[word] = (this.#words[word] as number) | (other.#words[word] as number);
    }
    return this;
  }

  copy(): ChunkSet {
    return new ChunkSet().addAll(this);
  }

  get size(): number {
    let count = 0;
    for (let bits of this.#words) for (; bits !== 0; bits &= bits - 1) count++;
    return count;
  }

  #grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}
