import { codeOf } from "../runtime/errors.ts";
import { type Chunker, createChunker, createGearTable } from "../store/chunker.ts";
import type { Chunking } from "../store/keys.ts";
import { encodeList, type IdReference, type NodeDraft, type PieceDraft } from "../store/tree-builder.ts";
import { BUNDLED_FILE_BYTES_MAX, type Bundler } from "./bundler.ts";
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
  readonly #chunker: Chunker;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(needs: { uploader: Uploader; bundler: Bundler; trees: TreeAssembler; chunking: Chunking; pace: Pace }) {
    this.#uploader = needs.uploader;
    this.#bundler = needs.bundler;
    this.#trees = needs.trees;
    this.#pace = needs.pace;
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
      const { content, size, chunks } =
        before.size <= BUNDLED_FILE_BYTES_MAX
          ? this.#readSmall(fd, before.size)
          : await this.#readLarge(fd, before.size);
      const after = status(fd);
      const changed = size !== before.size || after.mtimeNs !== before.mtimeNs || after.size !== before.size;
      return { kind: "read", status: before, content, size, chunks, changed };
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
  async #readLarge(fd: number, sizeBefore: number) {
    const pieces: PieceDraft[] = [];
    const lists: IdReference[] = [];
    let chunks = 0;
    // A file of zeros is one chunk many times: one reference, so that it stands in the table once.
    const references = new Map<string, IdReference>();
    const emit = (chunk: Buffer) => {
      const id = this.#uploader.add("data", chunk);
      const reference = references.get(id.toString("latin1")) ?? { id };
      references.set(id.toString("latin1"), reference);
      pieces.push({ kind: "data", chunk: reference, offset: 0, length: chunk.length });
      chunks++;
      if (pieces.length < PIECES_PER_LIST) return;
      lists.push(this.#trees.addList(encodeList(pieces.splice(0))));
      references.clear();
    };
    let size = 0;
    try {
      while (size < sizeBefore) {
        const wanted = this.#buffer.subarray(0, Math.min(READ_BYTES, sizeBefore - size));
        const count = readFully(fd, wanted, size);
        if (count === 0) break;
        size += count;
        this.#chunker.push(wanted.subarray(0, count), emit);
        if (this.#uploader.isFull) await this.#uploader.room();
        if (this.#pace.isDue) await this.#pace.breathe();
      }
    } finally {
      // Also after a failed read: the next file must not begin in the middle of this one.
      this.#chunker.finish(emit);
    }
    if (pieces.length > 0 && (lists.length > 0 || pieces.length > PIECES_PER_NODE_MAX)) {
      lists.push(this.#trees.addList(encodeList(pieces.splice(0))));
    }
    const content = lists.length > 0 ? ({ kind: "lists", lists } as const) : ({ kind: "pieces", pieces } as const);
    return { content, size, chunks };
  }
}
