import type { Random } from "../runtime/random.ts";
import type { ObjectKind } from "./chunk-id.ts";
import type { ChunkLocation, ChunkTable } from "./chunk-table.ts";
import { dispose } from "./dispose.ts";
import { writeIndexFiles } from "./index-file.ts";
import type { Medium } from "./medium.ts";
import { PACK_BYTES_TARGET, PackBuilder, type PackDirectory } from "./pack.ts";
import type { PackEntry, PackRegistry } from "./pack-registry.ts";

/** While one pack is on its way to the medium, the next is filled so far: 24 MiB of data at most, and what there is of trees. */
const FILLED_WHILE_WRITING_MAX = PACK_BYTES_TARGET / 2;
/** An index file for so many objects bounds what the next open must read from packs themselves after a crash. */
const UNINDEXED_OBJECTS_MAX = 65_536;

export interface PackWriterNeeds {
  readonly medium: Medium;
  readonly table: ChunkTable;
  readonly packs: PackRegistry;
  readonly sealingKey: Buffer;
  readonly random: Random;
  /** A pack is durable under `name`; `parts` are its bytes, valid until the call returns. */
  readonly onWritten?: (name: string, parts: readonly Buffer[]) => void;
}

/** Fills packs, one of each kind at a time, and writes them; what is in them is in the table at once. */
export class PackWriter {
  readonly #needs: PackWriterNeeds;
  readonly #open = new Map<ObjectKind, PackEntry>();
  readonly #writes = new Set<Promise<void>>();
  #unindexed = new Map<string, PackDirectory>();
  #unindexedObjects = 0;
  #indexing: Promise<void> = Promise.resolve();
  /** Where moved objects lay before, until they are durable in their new place. */
  readonly #previous = new Map<number, ChunkLocation>();
  /** The memory of a pack that is written: fresh pages for every pack would cost the system as much as the writing. */
  #spareBody: Buffer | undefined;
  #failure: unknown;
  #failures = 0;

  constructor(needs: PackWriterNeeds) {
    this.#needs = needs;
  }

  /** Packs that could not be written since the store was opened: who put objects meanwhile may have lost some. */
  get failures(): number {
    return this.#failures;
  }

  /** Why the last of them failed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when another object may be added without memory growing past its bound. */
  async room(): Promise<void> {
    while (this.#writes.size > 0 && this.#filledBytes >= FILLED_WHILE_WRITING_MAX) await Promise.race(this.#writes);
  }

  /** Seals the object into the open pack of its kind and returns its ordinal. Not durable before `flush`. */
  add(kind: ObjectKind, id: Buffer, encoded: Buffer): number {
    const { table, packs, sealingKey, random } = this.#needs;
    let pack = this.#open.get(kind);
    if (pack === undefined) {
      pack = packs.addBuilder(new PackBuilder({ kind, sealingKey, random, body: this.#spareBody }));
      this.#spareBody = undefined;
      this.#open.set(kind, pack);
    }
    const builder = pack.builder as PackBuilder;
    const known = table.findPresent(id);
    if (known >= 0) this.#previous.set(known, table.locationOf(known));
    const ordinal = table.put(id, { pack: pack.number, ...builder.add(id, encoded) });
    if (builder.isFull) this.#startWrite(pack, builder);
    return ordinal;
  }

  /**
   * When it resolves, everything added before the call and still in the table is durable, its index too. What could not
   * be written is no longer in the table, or back where it was moved from; it rejects when that happened during the call.
   */
  async flush(): Promise<void> {
    const failuresBefore = this.#failures;
    for (const pack of [...this.#open.values()]) this.#startWrite(pack, pack.builder as PackBuilder);
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    await this.#writeIndex();
    if (this.#failures > failuresBefore) throw this.#failure;
  }

  /** A pack that came to the medium without this writer's index: after a crash. */
  addUnindexed(name: string, directory: PackDirectory): void {
    this.#unindexed.set(name, directory);
    this.#unindexedObjects += directory.objects.length;
  }

  get #filledBytes(): number {
    let bytes = 0;
    for (const { builder } of this.#open.values()) bytes += builder?.bytes ?? 0;
    return bytes;
  }

  #startWrite(pack: PackEntry, builder: PackBuilder): void {
    this.#open.delete(pack.kind);
    const write = this.#write(pack, builder).catch((error: unknown) => {
      this.#failure = error;
      this.#failures++;
    });
    this.#writes.add(write);
    write.finally(() => this.#writes.delete(write));
  }

  async #write(pack: PackEntry, builder: PackBuilder): Promise<void> {
    const { medium, table } = this.#needs;
    const { parts, directory } = builder.finish();
    try {
      await medium.write(pack.name, parts);
    } catch (error) {
      for (const { id } of directory.objects) {
        const ordinal = table.find(id);
        if (table.packOf(ordinal) !== pack.number) continue;
        const previous = this.#previous.get(ordinal);
        if (previous === undefined) table.markGone(ordinal);
        else table.move(ordinal, previous);
        this.#previous.delete(ordinal);
      }
      this.#needs.packs.remove(pack.number);
      dispose(builder.body);
      throw error;
    }
    for (const { id } of directory.objects) this.#previous.delete(table.find(id));
    pack.bodyStart = directory.bodyStart;
    pack.bytes = directory.bytes;
    pack.builder = undefined;
    this.#needs.onWritten?.(pack.name, parts);
    if (this.#spareBody === undefined) this.#spareBody = builder.body;
    else dispose(builder.body);
    this.addUnindexed(pack.name, directory);
    if (this.#unindexedObjects >= UNINDEXED_OBJECTS_MAX) await this.#writeIndex();
  }

  #writeIndex(): Promise<void> {
    const { medium, sealingKey, random } = this.#needs;
    const next = this.#indexing.then(async () => {
      if (this.#unindexed.size === 0) return;
      const packs = this.#unindexed;
      this.#unindexed = new Map();
      this.#unindexedObjects = 0;
      try {
        await writeIndexFiles(medium, packs, { sealingKey, random });
      } catch (error) {
        for (const [name, directory] of packs) this.addUnindexed(name, directory);
        throw error;
      }
    });
    this.#indexing = next.catch(() => {});
    return next;
  }
}
