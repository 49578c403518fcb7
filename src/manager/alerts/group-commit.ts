// Gathers what many tellers tell while a transaction runs, and commits it in the next one: the disk is synced once for
// all. Tellers take turns, a batch each, so that a flood of one delays the others by a batch and not by the flood.

/** What one teller wants written, and how many things that is. */
export interface Batch<T> {
  readonly teller: string;
  readonly items: readonly T[];
}

export interface GroupCommit<T> {
  /** Resolves once the batch is on disk; rejects where it was turned away or the write failed. */
  write(batch: Batch<T>): Promise<void>;
  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void>;
}

interface Waiting<T> {
  readonly batch: Batch<T>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export function createGroupCommit<T>({
  itemsMax,
  commit,
  isFaultOfOne,
}: {
  /** Items in one commit; a batch that is larger by itself goes alone. */
  readonly itemsMax: number;
  /** One transaction. Resolves to why it turned a batch away, for each batch; rejects where nothing was written. */
  readonly commit: (batches: readonly Batch<T>[]) => Promise<readonly (Error | undefined)[]>;
  /** Whether the failure of a commit lies in one of its batches: then each is tried by itself. */
  readonly isFaultOfOne: (error: unknown) => boolean;
}): GroupCommit<T> {
  /** A teller stands in the map while it has something waiting; the first is the next whose turn it is. */
  const queues = new Map<string, Waiting<T>[]>();
  let running: Promise<void> | undefined;

  function takeGroup(): Waiting<T>[] {
    const group: Waiting<T>[] = [];
    let items = 0;
    for (const [teller, queue] of queues) {
      const next = queue[0] as Waiting<T>;
      if (group.length > 0 && items + next.batch.items.length > itemsMax) break;
      queue.shift();
      group.push(next);
      items += next.batch.items.length;
      queues.delete(teller);
      if (queue.length > 0) queues.set(teller, queue); // To the end of the line; the loop comes by again.
    }
    return group;
  }

  async function commitGroup(group: readonly Waiting<T>[]): Promise<void> {
    try {
      const verdicts = await commit(group.map(({ batch }) => batch));
      group.forEach(({ resolve, reject }, index) => {
        const problem = verdicts[index];
        if (problem === undefined) resolve();
        else reject(problem);
      });
    } catch (error) {
      if (group.length > 1 && isFaultOfOne(error)) for (const one of group) await commitGroup([one]);
      else for (const { reject } of group) reject(error);
    }
  }

  async function run(): Promise<void> {
    // A turn of the event loop before each: what has arrived by then joins, and everything else gets its turn.
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const group = takeGroup();
      if (group.length === 0) break;
      await commitGroup(group);
    }
    running = undefined;
  }

  return {
    write(batch) {
      return new Promise((resolve, reject) => {
        const queue = queues.get(batch.teller);
        const waiting = { batch, resolve, reject };
        if (queue === undefined) queues.set(batch.teller, [waiting]);
        else queue.push(waiting);
        running ??= run();
      });
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}
