// Memory that worker threads see as well, used again and again: fresh buffers of a megabyte cost the system a page fault for
// every 4 KiB, and the garbage collector runs whenever 64 MiB of them have been made.

/** Sizes are powers of two from here on. */
const SMALLEST_BYTES = 64 * 1024;
/** What is kept beyond this goes back to the system. */
const KEPT_BYTES_MAX = 24 * 1024 * 1024;

export class SharedBuffers {
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  #keptBytes = 0;

  /** At least `bytes` long; what is in it is left from its last use. */
  take(bytes: number): SharedArrayBuffer {
    const size = sizeFor(bytes);
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return new SharedArrayBuffer(size);
    this.#keptBytes -= size;
    return free;
  }

  giveBack(buffer: SharedArrayBuffer): void {
    const size = buffer.byteLength;
    if (this.#keptBytes + size > KEPT_BYTES_MAX) return;
    this.#keptBytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
  }
}

function sizeFor(bytes: number): number {
  let size = SMALLEST_BYTES;
  while (size < bytes) size *= 2;
  return size;
}
