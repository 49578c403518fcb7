import { codeOf, reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Medium } from "./medium.ts";
import { createParity } from "./parity.ts";
import { twinOf } from "./twin-files.ts";

// What is written a second time in case the first goes bad: parity beside packs, copies of small files. A snapshot counts
// without it, so nobody waits: it is made from bytes in memory that have just been sealed and opened again, and written
// behind the backup's back. What a crash leaves out the next backup makes up, what a full disk does the next collection.

export const PARITY_FOLDER = "parity/";
/** A store with this file makes no parity. Its content is for people. */
export const NO_PARITY_FILE = `${PARITY_FOLDER}off`;
/** 4 MiB of parity in memory at most; beyond that the medium is busy enough, and the next collection makes it up. */
const WAITING_MAX = 8;

/** `packs/data/3f/3f…` → `parity/data/3f/3f…` */
export function parityOf(pack: string): string {
  return PARITY_FOLDER + pack.slice("packs/".length);
}

export function packOfParity(parity: string): string {
  return `packs/${parity.slice(PARITY_FOLDER.length)}`;
}

export class Protection {
  readonly #medium: Medium;
  readonly #log: Log;
  #waiting = 0;
  #done: Promise<void> = Promise.resolve();
  #paid: Promise<void> | undefined;
  #hasParity = true;

  constructor({ medium, log }: { medium: Medium; log: Log }) {
    this.#medium = medium;
    this.#log = log;
  }

  /** Whether this store makes parity. */
  get hasParity(): boolean {
    return this.#hasParity;
  }

  /** Looks whether parity was switched off when the store was made. */
  async load(): Promise<void> {
    this.#hasParity = !(await this.#medium.list(NO_PARITY_FILE)).some(({ name }) => name === NO_PARITY_FILE);
  }

  /** After a pack is durable; `parts` are what was written. Costs the processor at once, and the medium later. */
  packWritten(name: string, parts: readonly Buffer[]): void {
    if (!this.#hasParity || this.#waiting >= WAITING_MAX) return;
    this.#later(parityOf(name), [createParity(...parts)]);
  }

  /** After a small file is durable. */
  fileWritten(name: string, parts: readonly Buffer[]): void {
    this.#later(twinOf(name), parts);
  }

  /** Runs `work` while nothing else is written or deleted twice: a copy must never outlive its file. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#done.then(work);
    this.#done = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** Runs `pay`, which never fails, the first time; `settled` waits for it. */
  payOnce(pay: () => Promise<void>): void {
    this.#paid ??= pay();
  }

  /** Resolves when all that was begun before the call is written, or has failed. */
  async settled(): Promise<void> {
    await this.#paid;
    await this.#done;
  }

  #later(name: string, parts: readonly Buffer[]): void {
    this.#waiting++;
    this.#done = this.#done.then(async () => {
      try {
        await this.#medium.write(name, parts);
      } catch (error) {
        // The next collection makes it up.
        if (codeOf(error) !== "EEXIST")
          this.#log.warn({ file: name, problem: reasonOf(error) }, "could not be protected");
      } finally {
        this.#waiting--;
      }
    });
  }
}
