import { assert } from "../runtime/errors.ts";

// Whose a task is: its thread has it in its messages, and whoever would wait for it may do it first. One number in memory
// that all threads see decides, for each task by itself. A place is used again when its task is done, and an old message
// finds a number there that is not its own.

/** Tasks that are under way at a time: their objects have 16 KiB at least, and a few MiB in all. */
const PLACES = 4_096;
/** Doubled, they fit into 32 bits. */
const NUMBERS = 2 ** 30;

export class TaskClaims {
  readonly memory: SharedArrayBuffer;
  readonly #places: Int32Array;
  readonly #used = new Set<number>();
  #last = 0;

  constructor(memory = new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#places = new Int32Array(memory);
  }

  /** The number of a new task, which is nobody's yet. Only one thread opens and closes. */
  open(): number {
    assert(this.#used.size < PLACES, `at most ${PLACES} tasks are under way`);
    do this.#last = (this.#last + 1) % NUMBERS;
    while (this.#used.has(this.#last % PLACES));
    this.#used.add(this.#last % PLACES);
    Atomics.store(this.#places, this.#last % PLACES, this.#last * 2);
    return this.#last;
  }

  /** True for the first who asks, in whatever thread, and for nobody after. */
  take(task: number): boolean {
    return Atomics.compareExchange(this.#places, task % PLACES, task * 2, task * 2 + 1) === task * 2;
  }

  /** The task is done. */
  close(task: number): void {
    this.#used.delete(task % PLACES);
  }
}
