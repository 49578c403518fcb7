import { RecentMap } from "../runtime/recent-map.ts";
import type { Medium } from "./medium.ts";

// Trees are short and lie in the order of the walk that made them: whoever reads one reads its neighbours next. So they are
// read by the block. Files never change; what does not open is read anew by the caller, without this.

const BLOCK_BYTES = 256 * 1024;
/** 4 MiB in all: a walk goes down several places of a pack at a time. */
const BLOCKS_KEPT = 16;

export class ReadAhead {
  readonly #medium: Pick<Medium, "readRange">;
  readonly #blocks = new RecentMap<string, Promise<Buffer>>(BLOCKS_KEPT);

  constructor(medium: Pick<Medium, "readRange">) {
    this.#medium = medium;
  }

  /** As Medium.readRange; a view, not to be changed. */
  async readRange(name: string, offset: number, length: number): Promise<Buffer> {
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    const start = offset - first * BLOCK_BYTES;
    if (first === last) return (await this.#block(name, first)).subarray(start, start + length);
    const parts: Buffer[] = [];
    for (let block = first; block <= last; block++) parts.push(await this.#block(name, block));
    return Buffer.concat(parts).subarray(start, start + length);
  }

  /** The next reads of the file go to the medium. */
  forget(name: string): void {
    for (const key of [...this.#blocks.keys()]) if (key.startsWith(`${name}:`)) this.#blocks.delete(key);
  }

  #block(name: string, block: number): Promise<Buffer> {
    const key = `${name}:${block}`;
    return this.#blocks.recall(key, () => {
      const reading = this.#medium.readRange(name, block * BLOCK_BYTES, BLOCK_BYTES);
      reading.catch(() => this.#blocks.delete(key));
      return reading;
    });
  }
}
