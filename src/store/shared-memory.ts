// Memory that all threads see, in one block that is used again and again. Blocks of their own for every chunk would cost the
// system a page fault for every 4 KiB, and go back only when the garbage collector finds them.

/** What a backup has on its way (archive/uploader.ts), and what lies between it. */
const BLOCK_BYTES = 12 * 1024 * 1024;
const UNIT_BYTES = 64 * 1024;
const UNITS = BLOCK_BYTES / UNIT_BYTES;

export class SharedMemory {
  #block: SharedArrayBuffer | undefined;
  readonly #isTaken = new Uint8Array(UNITS);

  /**
   * What is in it is left from its last use. `onReturned` is called when nobody uses it any more. Where there is no room in
   * the block, memory of its own.
   */
  lend(bytes: number, onReturned: () => void): SharedLoan {
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    const first = this.#findRoom(units);
    if (first < 0) return new SharedLoan({ memory: new SharedArrayBuffer(bytes), at: 0 }, onReturned);
    this.#block ??= new SharedArrayBuffer(BLOCK_BYTES);
    this.#isTaken.fill(1, first, first + units);
    return new SharedLoan({ memory: this.#block, at: first * UNIT_BYTES }, () => {
      this.#isTaken.fill(0, first, first + units);
      onReturned();
    });
  }

  /** The lowest place: pages that were never needed stay with the system. */
  #findRoom(units: number): number {
    for (let first = 0; first + units <= UNITS; ) {
      const taken = this.#isTaken.subarray(first, first + units).lastIndexOf(1);
      if (taken < 0) return first;
      first += taken + 1;
    }
    return -1;
  }
}

/** One piece of memory and those who use it: first one, and as many more as `share` it. */
export class SharedLoan {
  readonly memory: SharedArrayBuffer;
  /** Where in `memory` it begins. */
  readonly at: number;
  readonly #giveBack: () => void;
  #users = 1;

  constructor({ memory, at }: { memory: SharedArrayBuffer; at: number }, giveBack: () => void) {
    this.memory = memory;
    this.at = at;
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
