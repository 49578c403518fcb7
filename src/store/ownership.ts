import { ChunkSet } from "./chunk-set.ts";
import { reachableFrom } from "./reachability.ts";
import type { StoreCore } from "./store-core.ts";

/** What a host's snapshots reach. */
export interface OwnedChunks {
  readonly chunks: ChunkSet;
  /** False when something they name is missing: then no walk may stop at what this set holds. */
  readonly closed: boolean;
}

/** Who owns what: an agent is told of, and served, only what its own host's snapshots reach. Kept in memory, a bit a chunk and host. */
export class Ownership {
  readonly #core: StoreCore;
  readonly #known = new Map<string, Promise<OwnedChunks>>();

  constructor(core: StoreCore) {
    this.#core = core;
  }

  /** The set is the cache's own: copy it before adding. */
  ownedBy(hostId: string): Promise<OwnedChunks> {
    const known = this.#known.get(hostId);
    if (known !== undefined) return known;
    const computing = this.#compute(hostId);
    this.#known.set(hostId, computing);
    computing.catch(() => {
      if (this.#known.get(hostId) === computing) this.#known.delete(hostId);
    });
    return computing;
  }

  /** After a commit. `reached` and what the host owned before are closed together. */
  async add(hostId: string, reached: ChunkSet): Promise<void> {
    const known = this.#known.get(hostId);
    if (known !== undefined) (await known).chunks.addAll(reached);
  }

  /** After a snapshot was forgotten: computed anew when next asked for. */
  drop(hostId: string): void {
    this.#known.delete(hostId);
  }

  async #compute(hostId: string): Promise<OwnedChunks> {
    for (;;) {
      const { forgotten } = this.#core;
      const owned = await this.#walk(hostId);
      // What was forgotten meanwhile may be half collected: the set would not be closed.
      if (this.#core.forgotten === forgotten) return owned;
    }
  }

  async #walk(hostId: string): Promise<OwnedChunks> {
    const chunks = new ChunkSet();
    let closed = true;
    for (const snapshot of [...this.#core.snapshots.values()]) {
      if (snapshot.hostId !== hostId) continue;
      const walking = this.#core.walking(() => {
        closed = false;
      });
      try {
        chunks.addAll(await reachableFrom([snapshot.root], walking, chunks));
      } catch (error) {
        // A damaged tree must not keep its host from making new backups.
        closed = false;
        this.#core.log.error({ snapshot: snapshot.id, problem: String(error) }, "snapshot cannot be walked");
      }
    }
    return { chunks, closed };
  }
}
