import { codeOf } from "../runtime/errors.ts";
import { ID_BYTES } from "../store/chunk-id.ts";
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

/** A long file is read beside the walk. `reading` rejects with the system's error, or the sink's. */
export interface LaterReading {
  readonly kind: "later";
  readonly reading: Promise<FileReading>;
}

/** A slice holds a few chunks: of what is left over behind the last cut, the part up to the smallest chunk is not hashed again. */
const SLICE_BYTES = 4 * 1024 * 1024;
/** Files that are read beside the walk at a time. */
const FILES_BESIDE_MAX = 4;
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
  readonly #sliceBytes: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUNDLED_FILE_BYTES_MAX);
  readonly #beside = new Set<Promise<unknown>>();

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
    // A slice that is full holds at least one whole chunk.
    this.#sliceBytes = Math.max(SLICE_BYTES, needs.chunking.sizes.max);
  }

  /** Throws the system's error when the file cannot be opened or read. Waits for nothing but the disk and the uploader. */
  async read(directory: Directory, name: Buffer): Promise<FileReading | LaterReading> {
    let fd: number;
    try {
      fd = openForReadingAt(directory, name);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return { kind: "vanished" };
      throw error;
    }
    let isBeside = false;
    try {
      const before = status(fd);
      if (before.type !== "file") return { kind: "replaced", status: before };
      const attributes = this.#attributes.read(fd, before);
      const isWhole = before.allocatedBytes >= before.size;
      if (isWhole && before.size <= BUNDLED_FILE_BYTES_MAX)
        return conclude(fd, { before, attributes, ...this.#readSmall(fd, before.size) });
      const reading = this.#readLarge(fd, before).then((read) => conclude(fd, { before, attributes, ...read }));
      // Further names wait for what the first comes to; short runs share bundles in the order of the walk.
      if (!isWhole || before.links > 1) {
        await this.#settle(reading);
        return await reading;
      }
      isBeside = true;
      await this.#startBeside(fd, reading);
      return { kind: "later", reading };
    } finally {
      if (!isBeside) close(fd);
    }
  }

  /** Resolves when no file is being read any more, whatever came of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#beside);
  }

  /** Whether files are still being read beside the walk. */
  get isBusy(): boolean {
    return this.#beside.size > 0;
  }

  async #startBeside(fd: number, reading: Promise<FileReading>): Promise<void> {
    const closed = reading.finally(() => {
      close(fd);
      this.#beside.delete(closed);
      this.#uploader.changed();
    });
    closed.catch(() => {});
    this.#beside.add(closed);
    if (this.#beside.size >= FILES_BESIDE_MAX)
      await this.#uploader.workUntil(() => this.#beside.size < FILES_BESIDE_MAX);
  }

  /** Until it has been read, the caller's thread does its share. */
  async #settle(reading: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = () => {
      isDone = true;
      this.#uploader.changed();
    };
    reading.then(done, done);
    await this.#uploader.workUntil(() => isDone);
  }

  #readSmall(fd: number, size: number): Content {
    const filled = size === 0 ? 0 : readFully(fd, this.#buffer.subarray(0, size), 0);
    const pieces = filled === 0 ? [] : [this.#bundler.add(this.#buffer.subarray(0, filled))];
    return { content: { kind: "pieces", pieces }, size: filled, chunks: pieces.length };
  }

  /** Exactly as many bytes as the file had when it was opened: one that grows all the time has an end, too. */
  async #readLarge(fd: number, before: FileStatus): Promise<Content> {
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
      if (this.#pace.isDue) await this.#pace.breathe();
    }
    return { content: pieces.finish(), size, chunks: pieces.chunks };
  }

  /** Where reading came to; chunks never span a hole, so that filling one leaves the others as they are. */
  async #readRun(fd: number, run: { start: number; end: number }, pieces: PieceCollector): Promise<number> {
    const { end } = run;
    let position = run.start;
    let left = NOTHING;
    for (;;) {
      const bytes = Math.min(this.#sliceBytes - left.length, end - position);
      const loan = await this.#uploader.lend(left.length + bytes);
      try {
        const { memory, at: start } = loan;
        const filled = left.copy(Buffer.from(memory, start));
        const isEnd = position + bytes >= end;
        const work = { memory, at: start, filled, fd, position, bytes, isEnd };
        const { bytesRead, ends, ids } = await this.#uploader.cut(work);
        let at = 0;
        for (const [index, chunkEnd] of ends.entries()) {
          const id = Buffer.from(ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES));
          this.#uploader.addNamed(id, { loan, at: start + at, bytes: chunkEnd - at });
          pieces.addChunk(id, chunkEnd - at);
          at = chunkEnd;
        }
        position += bytesRead;
        if (isEnd || bytesRead < bytes) return position;
        left = Buffer.from(Buffer.from(memory, start + at, filled + bytesRead - at));
      } finally {
        loan.release();
      }
      this.#pace.assertGoingOn();
    }
  }
}

const NOTHING = Buffer.alloc(0);

interface Content {
  readonly content: FileContentDraft;
  readonly size: number;
  readonly chunks: number;
}

function conclude(
  fd: number,
  { before, attributes, content, size, chunks }: Content & { before: FileStatus; attributes: KnownAttributes },
): FileReading {
  const after = status(fd);
  const changed = size !== before.size || after.mtimeNs !== before.mtimeNs || after.size !== before.size;
  return { kind: "read", status: before, attributes, content, size, chunks, changed };
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
