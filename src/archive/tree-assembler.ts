import { crc32 } from "node:zlib";
import { encodeBranch, type IdReference, LeafBuilder, type NodeDraft } from "../store/tree-builder.ts";
import type { Bundler } from "./bundler.ts";

// A tree gets its id when everything it names has one. Directories are finished depth first, bundles fill across them: so
// finished leaves wait in line until the bundle that was open has closed.

/** A directory's leaves end after a name that the name itself decides, so that an insertion changes one leaf, not all after it. */
const LEAF_BYTES_MIN = 64 * 1024;
const LEAF_BYTES_MAX = 1024 * 1024;
const LEAF_BOUNDARY_MASK = 255;
/** Lines longer than this close the open bundle early. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
const WAITING_TREES_MAX = 4096;

interface WaitingTree {
  readonly reference: IdReference;
  readonly encode: () => Buffer;
  readonly bytes: number;
  /** Closed bundles needed. */
  readonly needed: number;
}

export class TreeAssembler {
  readonly #bundler: Bundler;
  readonly #emit: (tree: Buffer) => Buffer;
  #waiting: WaitingTree[] = [];
  #waitingBytes = 0;

  constructor({ bundler, emit }: { bundler: Bundler; emit: (tree: Buffer) => Buffer }) {
    this.#bundler = bundler;
    this.#emit = emit;
  }

  startDirectory(): DirectoryAssembler {
    return new DirectoryAssembler((reference, encode, bytes) => this.#enqueue(reference, encode, bytes));
  }

  /** A tree outside a directory, whose ids are all known: part of a long file. */
  addList(tree: Buffer): IdReference {
    return { id: this.#emit(tree) };
  }

  /** Closes the open bundle; afterwards every tree handed in has its id. */
  finish(): void {
    this.#bundler.close();
    this.#drain();
  }

  #enqueue(reference: IdReference, encode: () => Buffer, bytes: number): void {
    this.#waiting.push({ reference, encode, bytes, needed: this.#bundler.needed });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > WAITING_BYTES_MAX || this.#waiting.length > WAITING_TREES_MAX) this.#bundler.close();
    this.#drain();
  }

  #drain(): void {
    let done = 0;
    for (const { reference, encode, bytes, needed } of this.#waiting) {
      if (needed > this.#bundler.closed) break;
      reference.id = this.#emit(encode());
      this.#waitingBytes -= bytes;
      done++;
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
  }
}

type Enqueue = (reference: IdReference, encode: () => Buffer, bytes: number) => void;

/** Takes a directory's nodes in order of their names. */
export class DirectoryAssembler {
  readonly #enqueue: Enqueue;
  readonly #leaves: IdReference[] = [];
  #leaf = new LeafBuilder();

  constructor(enqueue: Enqueue) {
    this.#enqueue = enqueue;
  }

  add(node: NodeDraft): void {
    this.#leaf.add(node);
    const { bytes } = this.#leaf;
    const atBoundary = bytes >= LEAF_BYTES_MIN && (crc32(node.name) & LEAF_BOUNDARY_MASK) === 0;
    if (atBoundary || bytes >= LEAF_BYTES_MAX) this.#endLeaf();
  }

  /** The directory's tree; its id may come later. */
  finish(): IdReference {
    if (this.#leaf.count > 0 || this.#leaves.length === 0) this.#endLeaf();
    const [only] = this.#leaves;
    if (only !== undefined && this.#leaves.length === 1) return only;
    const branch: IdReference = { id: undefined };
    this.#enqueue(branch, () => encodeBranch(this.#leaves), this.#leaves.length * 34);
    return branch;
  }

  #endLeaf(): void {
    const leaf = this.#leaf;
    const reference: IdReference = { id: undefined };
    this.#leaves.push(reference);
    this.#leaf = new LeafBuilder();
    this.#enqueue(reference, () => leaf.finish(), leaf.bytes);
  }
}
