/** The trees of 100,000 files: the walk that asks what a host owns reads what its next backup compares with. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** The plaintexts of trees, the last used ones. An id stands for its content: nothing in here is ever out of date. */
export class TreeCache {
  readonly #kept = new Map<string, Buffer>();
  #keptBytes = 0;

  get(id: Buffer): Buffer | undefined {
    const key = id.toString("latin1");
    const tree = this.#kept.get(key);
    if (tree === undefined) return undefined;
    this.#kept.delete(key); // Last used goes last.
    this.#kept.set(key, tree);
    return tree;
  }

  add(id: Buffer, tree: Buffer): void {
    const key = id.toString("latin1");
    if (this.#kept.has(key)) return;
    this.#kept.set(key, tree);
    this.#keptBytes += tree.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES_MAX) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}
