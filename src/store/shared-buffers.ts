// Memory that worker threads see as well, used again and again: fresh buffers of a megabyte cost the system a page fault for
// every 4 KiB, and the garbage collector runs whenever 64 MiB of them have been made.

/** Sizes are powers of two from here on. */
const SMALLEST_BYTES = 64 * 1024;
/** What is kept beyond this goes back to the system. */
const KEPT_BYTES_MAX = 12 * 1024 * 1024;

export class SharedBuffers {
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  #keptBytes = 0;

  /** At least `bytes` long; what is in it is left from its last use. `onReturned` is called when nobody uses it any more. */
  lend(bytes: number, onReturned: () => void): SharedLoan {
    const size = sizeFor(bytes);
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) this.#keptBytes -= size;
    const memory = free ?? new SharedArrayBuffer(size);
    return new SharedLoan(memory, () => {
      this.#keep(memory);
      onReturned();
    });
  }

  #keep(memory: SharedArrayBuffer): void {
    const size = memory.byteLength;
    if (this.#keptBytes + size > KEPT_BYTES_MAX) return;
    this.#keptBytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [memory]);
    else free.push(memory);
  }
}

/** One piece of memory and those who use it: first one, and as many more as `share` it. */
export class SharedLoan {
  readonly memory: SharedArrayBuffer;
  readonly #giveBack: () => void;
  #users = 1;

  constructor(memory: SharedArrayBuffer, giveBack: () => void) {
    this.memory = memory;
    this.#giveBack = giveBack;
  }

  share(): this {
    this.#users++;
    return this;
  }

  /** Once for each user. */
  release(): void {
    this.#users--;
    if (this.#users === 0) this.#giveBack();
  }
}

function sizeFor(bytes: number): number {
  let size = SMALLEST_BYTES;
  while (size < bytes) size *= 2;
  return size;
}
