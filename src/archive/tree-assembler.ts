import { crc32 } from "node:zlib";
import {
  encodeBranch,
  type IdReference,
  LeafBuilder,
  type NodeDraft,
  resolveReference,
  whenKnown,
} from "../store/tree-builder.ts";
import type { Bundler } from "./bundler.ts";

// A tree gets its id when everything it names has one. Bundles fill across directories and long files are read beside the
// walk: so finished leaves wait until the last of their ids is known, and nodes wait in their directory's line until those
// before them are there.

/** A directory's leaves end after a name that the name itself decides, so that an insertion changes one leaf, not all after it. */
const LEAF_BYTES_MIN = 64 * 1024;
const LEAF_BYTES_MAX = 1024 * 1024;
const LEAF_BOUNDARY_MASK = 255;
/** More than this waiting closes the open bundle early, and then makes the walk wait for the files that are being read. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
const WAITING_TREES_MAX = 4096;
/** Nodes behind one that is not there yet, in all directories. */
const NODES_IN_LINE_MAX = 4096;

interface FinishedTree {
  readonly reference: IdReference;
  readonly encode: () => Buffer;
  readonly bytes: number;
}

/** What all directories share. */
interface Waiting {
  nodesInLine: number;
  add(tree: FinishedTree, references: readonly IdReference[]): void;
}

export class TreeAssembler {
  readonly #bundler: Bundler;
  readonly #emit: (tree: Buffer) => Buffer;
  readonly #ready: FinishedTree[] = [];
  #isEmitting = false;
  #waitingTrees = 0;
  #waitingBytes = 0;
  readonly #waiting: Waiting = {
    nodesInLine: 0,
    add: (tree, references) => this.#add(tree, references),
  };

  constructor({ bundler, emit }: { bundler: Bundler; emit: (tree: Buffer) => Buffer }) {
    this.#bundler = bundler;
    this.#emit = emit;
  }

  startDirectory(): DirectoryAssembler {
    return new DirectoryAssembler(this.#waiting);
  }

  /** A tree outside a directory, whose ids are all known: part of a long file. */
  addList(tree: Buffer): IdReference {
    return { id: this.#emit(tree) };
  }

  /** Whether the walk must wait until files that are being read have been. */
  get isFull(): boolean {
    return this.#isTooMuch || this.#waiting.nodesInLine > NODES_IN_LINE_MAX;
  }

  /** Closes the open bundle; afterwards every tree handed in has its id, if every node reserved has been filled in. */
  finish(): void {
    this.#bundler.close();
  }

  get #isTooMuch(): boolean {
    return this.#waitingBytes > WAITING_BYTES_MAX || this.#waitingTrees > WAITING_TREES_MAX;
  }

  #add(tree: FinishedTree, references: readonly IdReference[]): void {
    this.#waitingTrees++;
    this.#waitingBytes += tree.bytes;
    whenKnown(references, () => {
      this.#ready.push(tree);
      if (!this.#isEmitting) this.#emitReady();
    });
    if (this.#isTooMuch) this.#bundler.close();
  }

  /** A tree's id may be the last that its directory's tree waits for, and so on upwards: in a loop, since paths have no greatest depth. */
  #emitReady(): void {
    this.#isEmitting = true;
    try {
      for (let tree = this.#ready.shift(); tree !== undefined; tree = this.#ready.shift()) {
        this.#waitingTrees--;
        this.#waitingBytes -= tree.bytes;
        resolveReference(tree.reference, this.#emit(tree.encode()));
      }
    } finally {
      this.#isEmitting = false;
    }
  }
}

/** A place in a directory's line; `node` is undefined also where nothing came of it. */
interface Place {
  isFilled: boolean;
  node: NodeDraft | undefined;
}

/** Takes a directory's nodes in order of their names. */
export class DirectoryAssembler {
  readonly #waiting: Waiting;
  readonly #line: Place[] = [];
  readonly #tree: IdReference = { id: undefined };
  readonly #leaves: IdReference[] = [];
  #leaf = new LeafBuilder();
  #isFinished = false;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  add(node: NodeDraft): void {
    if (this.#line.length === 0) this.#take(node);
    else this.#stand({ isFilled: true, node });
  }

  /** Keeps the next place; what is returned fills it, once, with a node or with nothing. */
  reserve(): (node: NodeDraft | undefined) => void {
    const place: Place = { isFilled: false, node: undefined };
    this.#stand(place);
    return (node) => {
      place.node = node;
      place.isFilled = true;
      this.#moveUp();
    };
  }

  /** The directory's tree; its id may come later. */
  finish(): IdReference {
    this.#isFinished = true;
    if (this.#line.length === 0) this.#end();
    return this.#tree;
  }

  #stand(place: Place): void {
    this.#line.push(place);
    this.#waiting.nodesInLine++;
  }

  #moveUp(): void {
    let taken = 0;
    for (const { isFilled, node } of this.#line) {
      if (!isFilled) break;
      if (node !== undefined) this.#take(node);
      taken++;
    }
    this.#line.splice(0, taken);
    this.#waiting.nodesInLine -= taken;
    if (this.#isFinished && taken > 0 && this.#line.length === 0) this.#end();
  }

  #take(node: NodeDraft): void {
    this.#leaf.add(node);
    const { bytes } = this.#leaf;
    const atBoundary = bytes >= LEAF_BYTES_MIN && (crc32(node.name) & LEAF_BOUNDARY_MASK) === 0;
    if (atBoundary || bytes >= LEAF_BYTES_MAX) this.#endLeaf({ id: undefined });
  }

  /** A directory of one leaf is that leaf. */
  #end(): void {
    if (this.#leaves.length === 0) {
      this.#endLeaf(this.#tree);
      return;
    }
    if (this.#leaf.count > 0) this.#endLeaf({ id: undefined });
    const leaves = this.#leaves;
    const [only] = leaves;
    if (only !== undefined && leaves.length === 1)
      whenKnown(leaves, () => resolveReference(this.#tree, only.id as Buffer));
    else
      this.#waiting.add(
        { reference: this.#tree, encode: () => encodeBranch(leaves), bytes: leaves.length * 34 },
        leaves,
      );
  }

  #endLeaf(reference: IdReference): void {
    const leaf = this.#leaf;
    this.#leaves.push(reference);
    this.#leaf = new LeafBuilder();
    this.#waiting.add({ reference, encode: () => leaf.finish(), bytes: leaf.bytes }, leaf.references);
  }
}
