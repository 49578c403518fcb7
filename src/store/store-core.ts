import type { Clock } from "../runtime/clock.ts";
import { CorruptionError, codeOf, WireError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import { chunkId, ID_BYTES, type ObjectKind } from "./chunk-id.ts";
import type { ChunkSet } from "./chunk-set.ts";
import { ChunkTable } from "./chunk-table.ts";
import { decodeObject } from "./codec.ts";
import { dispose } from "./dispose.ts";
import type { StoreKeys } from "./keys.ts";
import type { Medium } from "./medium.ts";
import { type Damages, loadIndex, loadSnapshots } from "./opening.ts";
import { PackOpener } from "./pack.ts";
import { PackRegistry } from "./pack-registry.ts";
import { PackWriter } from "./pack-writer.ts";
import { Protection } from "./protection.ts";
import type { ReachabilityNeeds } from "./reachability.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { Snapshot } from "./snapshot.ts";
import { TreeCache } from "./tree-cache.ts";

export interface StoreCoreNeeds {
  readonly medium: Medium;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What an unfinished piece of work may still name, and collection therefore spares. */
export interface Protector {
  readonly protects: ChunkSet;
}

/** The parts of an open store that snapshots, sessions, collection and check share. */
export class StoreCore {
  readonly medium: Medium;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly table: ChunkTable;
  readonly packs = new PackRegistry();
  readonly writer: PackWriter;
  readonly protection: Protection;
  /** By id, in order of sequence. */
  readonly snapshots = new Map<string, Snapshot>();
  /** The highest sequence that a snapshot has had. */
  lastSequence = 0;
  /** How many snapshots were forgotten while the store was open: who walked meanwhile walks again. */
  forgotten = 0;
  readonly sessions = new Set<Protector>();
  /** A running collection's own list: what sessions held that ended while it ran. */
  collection: Protector | undefined;
  /** Files that could not be used when the store was opened. */
  damages: { readonly packs: Damages; readonly snapshots: Damages } = { packs: new Map(), snapshots: new Map() };
  /** Packs that no index named when the store was opened: they were read themselves. */
  packsIndexed = 0;
  readonly #opener: PackOpener;
  readonly #readAhead: ReadAhead;
  readonly #trees = new TreeCache();

  constructor({ medium, keys, clock, random, log }: StoreCoreNeeds) {
    this.medium = medium;
    this.keys = keys;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.table = new ChunkTable(random);
    this.#opener = new PackOpener(keys.sealingKey);
    this.#readAhead = new ReadAhead(medium);
    this.protection = new Protection({ medium, log });
    this.writer = new PackWriter({
      ...{ medium, table: this.table, packs: this.packs, sealingKey: keys.sealingKey, random },
      onWritten: (name, parts) => this.protection.packWritten(name, parts),
    });
  }

  async load(): Promise<void> {
    const { medium, random, log, table, packs } = this;
    const { sealingKey } = this.keys;
    await this.protection.load();
    const { damages: damagedPacks, packsIndexed } = await loadIndex({ medium, sealingKey, random, log, table, packs });
    const { snapshots, damages } = await loadSnapshots({ medium, sealingKey, log });
    for (const snapshot of snapshots) {
      this.snapshots.set(snapshot.id, snapshot);
      this.lastSequence = snapshot.sequence;
    }
    this.packsIndexed = packsIndexed;
    this.damages = { packs: damagedPacks, snapshots: damages };
  }

  /** Whether the object is there; of the right kind, too. */
  find(kind: ObjectKind, id: Buffer): number {
    const ordinal = this.table.findPresent(id);
    return ordinal >= 0 && this.kindOf(ordinal) === kind ? ordinal : -1;
  }

  readonly kindOf = (ordinal: number): ObjectKind => this.packs.get(this.table.packOf(ordinal)).kind;

  /** The object as it was put: coding, length, body. CorruptionError when it is missing or damaged. */
  async readEncoded(kind: ObjectKind, id: Buffer): Promise<Buffer> {
    for (;;) {
      const ordinal = this.find(kind, id);
      if (ordinal < 0) throw new CorruptionError(`${kind} object ${id.toString("hex")}`, "is not in the store");
      const location = this.table.locationOf(ordinal);
      const pack = this.packs.get(location.pack);
      if (pack.builder !== undefined) return pack.builder.read(location.offset);
      const { name, bodyStart } = pack;
      try {
        const sealed = await this.medium.readRange(name, bodyStart + location.offset, location.length);
        const request = { name, id, offset: location.offset, sealed };
        const encoded = this.#opener.open(request);
        dispose(sealed);
        return encoded;
      } catch (error) {
        // Collection may have moved the object to another pack meanwhile; then it is looked up again.
        if (codeOf(error) !== "ENOENT" || this.table.packOf(ordinal) === location.pack) throw error;
      }
    }
  }

  /** As `read`, for who wants to know what a tree says, not whether the medium still holds it. Not to be changed. */
  async readTree(id: Buffer): Promise<Buffer> {
    const known = this.find("tree", id) >= 0 ? this.#trees.get(id) : undefined;
    if (known !== undefined) return known;
    const tree = await this.#decode("tree", id, (await this.#readNearby(id)) ?? (await this.readEncoded("tree", id)));
    this.#trees.add(id, tree);
    return tree;
  }

  /** What a tree's neighbours were read with. Undefined where that is not the tree any more: collected, moved, damaged. */
  async #readNearby(id: Buffer): Promise<Buffer | undefined> {
    const ordinal = this.find("tree", id);
    if (ordinal < 0) return undefined;
    const { pack: number, offset, length } = this.table.locationOf(ordinal);
    const { builder, name, bodyStart } = this.packs.get(number);
    if (builder !== undefined) return undefined;
    try {
      const sealed = await this.#readAhead.readRange(name, bodyStart + offset, length);
      return this.#opener.open({ name, id, offset, sealed });
    } catch {
      this.#readAhead.forget(name);
      return undefined;
    }
  }

  /** The object's plaintext. */
  async read(kind: ObjectKind, id: Buffer): Promise<Buffer> {
    const encoded = await this.readEncoded(kind, id);
    const plaintext = await this.#decode(kind, id, encoded);
    // What was kept raw is a part of it.
    if (plaintext.buffer !== encoded.buffer) dispose(encoded);
    return plaintext;
  }

  async #decode(kind: ObjectKind, id: Buffer, encoded: Buffer): Promise<Buffer> {
    try {
      return await decodeObject(encoded);
    } catch (error) {
      throw new CorruptionError(
        `${kind} object ${id.toString("hex")}`,
        error instanceof Error ? error.message : String(error),
      );
    }
  }

  /**
   * Takes an object from a client: decodes it within bounds and computes its id anew, which also proves that what was
   * compressed can be decompressed. WireError when the id is false. Durable after `writer.flush`.
   */
  async put(kind: ObjectKind, id: Buffer, encoded: Buffer): Promise<{ ordinal: number; added: boolean }> {
    if (id.length !== ID_BYTES) throw new WireError("object.id", `${id.length} bytes, not ${ID_BYTES}`);
    const plaintext = await decodeObject(encoded);
    const actual = chunkId(this.keys.chunking.idKey, kind, plaintext);
    if (!actual.equals(id)) {
      throw new WireError("object.id", `${id.toString("hex")} is declared, ${actual.toString("hex")} is the content's`);
    }
    return this.add(kind, id, encoded);
  }

  /** Takes an object whose id and encoding this process has made and proven itself. Durable after `writer.flush`. */
  async add(kind: ObjectKind, id: Buffer, encoded: Buffer): Promise<{ ordinal: number; added: boolean }> {
    await this.writer.room();
    const known = this.find(kind, id);
    if (known >= 0) return { ordinal: known, added: false };
    return { ordinal: this.writer.add(kind, id, encoded), added: true };
  }

  /** What walking needs of this store. */
  walking(onMissing: ReachabilityNeeds["onMissing"]): ReachabilityNeeds {
    const read = (kind: ObjectKind, id: Buffer) => (kind === "tree" ? this.readTree(id) : this.read(kind, id));
    return { table: this.table, kindOf: this.kindOf, read, onMissing };
  }
}
