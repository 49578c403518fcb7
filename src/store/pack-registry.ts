import { assert } from "../runtime/errors.ts";
import type { ObjectKind } from "./chunk-id.ts";
import type { PackBuilder, PackDirectory } from "./pack.ts";

export interface PackEntry {
  readonly number: number;
  readonly name: string;
  readonly kind: ObjectKind;
  /** Set while the pack is in memory only: objects are read from here. */
  builder: PackBuilder | undefined;
  /** Both 0 until the pack is written. */
  bodyStart: number;
  bytes: number;
}

/** Numbers for packs, so that the chunk table needs four bytes for one. A number is never given twice while the store is open. */
export class PackRegistry {
  readonly #entries: (PackEntry | undefined)[] = [];

  addBuilder(builder: PackBuilder): PackEntry {
    return this.#add({
      number: this.#entries.length,
      name: builder.name,
      kind: builder.kind,
      builder,
      bodyStart: 0,
      bytes: 0,
    });
  }

  addWritten(name: string, { kind, bodyStart, bytes }: PackDirectory): PackEntry {
    return this.#add({ number: this.#entries.length, name, kind, builder: undefined, bodyStart, bytes });
  }

  get(number: number): PackEntry {
    const entry = this.#entries[number];
    assert(entry !== undefined, `pack ${number} is registered`);
    return entry;
  }

  remove(number: number): void {
    this.#entries[number] = undefined;
  }

  /** One more than the highest number. */
  get size(): number {
    return this.#entries.length;
  }

  /** Packs that are on the medium. */
  *written(): IterableIterator<PackEntry> {
    for (const entry of this.#entries) if (entry !== undefined && entry.builder === undefined) yield entry;
  }

  /** Those too that are being filled or written. */
  *all(): IterableIterator<PackEntry> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }

  #add(entry: PackEntry): PackEntry {
    this.#entries.push(entry);
    return entry;
  }
}
