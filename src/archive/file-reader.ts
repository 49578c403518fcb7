import { codeOf } from "../runtime/errors.ts";
import { type Chunker, createChunker, createGearTable } from "../store/chunker.ts";
import type { Chunking } from "../store/keys.ts";
import { encodeList, type IdReference, type NodeDraft, type PieceDraft } from "../store/tree-builder.ts";
import { BUNDLED_FILE_BYTES_MAX, type Bundler } from "./bundler.ts";
import { dataRuns } from "./data-runs.ts";
import type { AttributeReader, KnownAttributes } from "./extended-attributes.ts";
import { close, type Directory, type FileStatus, openForReadingAt, readFully, status } from "./file-calls.ts";
import type { Pace } from "./pace.ts";
import type { TreeAssembler } from "./tree-assembler.ts";
import type { Uploader } from "./uploader.ts";

export type FileContentDraft = Extract<NodeDraft, { type: "file" }>["content"];

/** What reading a file came to. `status` is the open file's own: names may have moved on meanwhile. */
export type FileReading =
  | {
      readonly kind: "read";
      readonly status: FileStatus;
      readonly attributes: KnownAttributes;
      readonly content: FileContentDraft;
      /** Bytes that `content` makes up. */
      readonly size: number;
      readonly chunks: number;
      /** It was written to while it was read: what was read may never have been its content. */
      readonly changed: boolean;
    }
  | { readonly kind: "vanished" }
  /** The name stands for something that is no regular file by now. */
  | { readonly kind: "replaced"; readonly status: FileStatus };

const READ_BYTES = 256 * 1024;
/** A node with more pieces than this keeps them in lists; one list tree is about 75 KB and stands for 2 GiB. */
const PIECES_PER_NODE_MAX = 256;
const PIECES_PER_LIST = 2048;

/** Reads regular files into bundles and chunks. */
export class FileReader {
  readonly #uploader: Uploader;
  readonly #bundler: Bundler;
  readonly #trees: TreeAssembler;
  readonly #pace: Pace;
  readonly #attributes: AttributeReader;
  readonly #chunker: Chunker;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(needs: {
    uploader: Uploader;
    bundler: Bundler;
    trees: TreeAssembler;
    chunking: Chunking;
    pace: Pace;
    attributes: AttributeReader;
  }) {
    this.#uploader = needs.uploader;
    this.#bundler = needs.bundler;
    this.#trees = needs.trees;
    this.#pace = needs.pace;
    this.#attributes = needs.attributes;
    this.#chunker = createChunker({ sizes: needs.chunking.sizes, gear: createGearTable(needs.chunking.gearKey) });
  }

  /** Throws the system's error when the file cannot be opened or read. Waits for nothing but the disk and the uploader. */
  async read(directory: Directory, name: Buffer): Promise<FileReading> {
    let fd: number;
    try {
      fd = openForReadingAt(directory, name);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return { kind: "vanished" };
      throw error;
    }
    try {
      const before = status(fd);
      if (before.type !== "file") return { kind: "replaced", status: before };
      const attributes = this.#attributes.read(fd, before);
      const isWhole = before.allocatedBytes >= before.size;
      const { content, size, chunks } =
        isWhole && before.size <= BUNDLED_FILE_BYTES_MAX
          ? this.#readSmall(fd, before.size)
          : await this.#readLarge(fd, before);
      const after = status(fd);
      const changed = size !== before.size || after.mtimeNs !== before.mtimeNs || after.size !== before.size;
      return { kind: "read", status: before, attributes, content, size, chunks, changed };
    } finally {
      close(fd);
    }
  }

  #readSmall(fd: number, size: number) {
    const filled = size === 0 ? 0 : readFully(fd, this.#buffer.subarray(0, size), 0);
    const pieces = filled === 0 ? [] : [this.#bundler.add(this.#buffer.subarray(0, filled))];
    return { content: { kind: "pieces", pieces } as const, size: filled, chunks: pieces.length };
  }

  /** Exactly as many bytes as the file had when it was opened: one that grows all the time has an end, too. */
  async #readLarge(fd: number, before: FileStatus) {
    const pieces = new PieceCollector((listed) => {
      // Short runs between holes lie in the open bundle.
      if (listed.some((piece) => piece.kind === "data" && piece.chunk.id === undefined)) this.#bundler.close();
      return this.#trees.addList(encodeList(listed));
    });
    let size = 0;
    for (const { kind, start, end } of dataRuns(fd, before)) {
      if (kind === "hole") pieces.add({ kind, length: end - start });
      else if (end - start <= BUNDLED_FILE_BYTES_MAX) {
        const filled = readFully(fd, this.#buffer.subarray(0, end - start), start);
        if (filled > 0) pieces.add(this.#bundler.add(this.#buffer.subarray(0, filled)));
        size = start + filled;
      } else size = await this.#readRun(fd, { start, end }, pieces);
      // Shorter than it was: the rest is gone.
      if (kind === "data" && size < end) break;
      size = end;
      if (this.#uploader.isFull) await this.#uploader.room();
      if (this.#pace.isDue) await this.#pace.breathe();
    }
    return { content: pieces.finish(), size, chunks: pieces.chunks };
  }

  /** Where reading came to; chunks never span a hole, so that filling one leaves the others as they are. */
  async #readRun(fd: number, { start, end }: { start: number; end: number }, pieces: PieceCollector): Promise<number> {
    const emit = (chunk: Buffer) => pieces.addChunk(this.#uploader.add("data", chunk), chunk.length);
    let position = start;
    try {
      while (position < end) {
        const wanted = this.#buffer.subarray(0, Math.min(READ_BYTES, end - position));
        const count = readFully(fd, wanted, position);
        if (count === 0) break;
        position += count;
        this.#chunker.push(wanted.subarray(0, count), emit);
        if (this.#uploader.isFull) await this.#uploader.room();
        if (this.#pace.isDue) await this.#pace.breathe();
      }
    } finally {
      // Also after a failed read: the next file must not begin in the middle of this one.
      this.#chunker.finish(emit);
    }
    return position;
  }
}

/** The pieces of one file, put into lists as they become many. */
class PieceCollector {
  readonly #addList: (pieces: readonly PieceDraft[]) => IdReference;
  readonly #pieces: PieceDraft[] = [];
  readonly #lists: IdReference[] = [];
  /** A file of zeros is one chunk many times: one reference, so that it stands in the table once. */
  readonly #references = new Map<string, IdReference>();
  chunks = 0;

  constructor(addList: (pieces: readonly PieceDraft[]) => IdReference) {
    this.#addList = addList;
  }

  addChunk(id: Buffer, length: number): void {
    const key = id.toString("latin1");
    const chunk = this.#references.get(key) ?? { id };
    this.#references.set(key, chunk);
    this.add({ kind: "data", chunk, offset: 0, length });
  }

  add(piece: PieceDraft): void {
    this.#pieces.push(piece);
    if (piece.kind === "data") this.chunks++;
    if (this.#pieces.length >= PIECES_PER_LIST) this.#endList();
  }

  finish(): FileContentDraft {
    if (this.#pieces.length > 0 && (this.#lists.length > 0 || this.#pieces.length > PIECES_PER_NODE_MAX))
      this.#endList();
    return this.#lists.length > 0 ? { kind: "lists", lists: this.#lists } : { kind: "pieces", pieces: this.#pieces };
  }

  #endList(): void {
    this.#lists.push(this.#addList(this.#pieces.splice(0)));
    this.#references.clear();
  }
}
