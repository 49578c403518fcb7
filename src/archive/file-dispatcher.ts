import type { ChunkSource } from "../store/chunk-sink.ts";
import { readPieces } from "../store/snapshot-tree.ts";
import type { FileNode } from "../store/tree.ts";
import type { NewcomerOwner, Shortfall } from "./entry-writer.ts";
import { type Directory, truncate } from "./file-calls.ts";
import type { RestoreCrew } from "./restore-crew.ts";
import type { TaskChunk, TaskPart, TaskProblem, WholeFileNode } from "./restore-task.ts";

// From files in the order of the walk to tasks in the order of the chunks: files that share a bundle share a task, and so the
// bundle is read, unsealed and decoded once. Reading for the next tasks goes on while threads do the last ones.

/** A task is handed over with the first chunk beyond this much content … */
const TASK_BYTES = 1024 * 1024;
/** … or with so many files, whatever they share. */
const TASK_FILES_MAX = 512;
/** Longer files are written part by part, by several threads. */
const WHOLE_FILE_BYTES_MAX = 4 * 1024 * 1024;
const WHOLE_FILE_PIECES_MAX = 64;
/** Attributes travel with the file. */
const ENTRY_BYTES = 256;

export interface WaitingFile {
  readonly directory: Directory;
  readonly newcomers: NewcomerOwner | undefined;
  readonly node: WholeFileNode;
  /** Called once: with what is missing of it, or why it is not there. */
  readonly settle: (outcome: { readonly shortfall: Shortfall } | { readonly error: unknown }) => void;
}

interface Gathering {
  readonly files: WaitingFile[];
  readonly chunks: Map<string, Buffer>;
  bytes: number;
}

export class FileDispatcher {
  readonly #source: ChunkSource;
  readonly #crew: RestoreCrew;
  #gathering: Gathering = { files: [], chunks: new Map(), bytes: 0 };
  #last: Buffer | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor({ source, crew }: { source: ChunkSource; crew: RestoreCrew }) {
    this.#source = source;
    this.#crew = crew;
  }

  /** Whether to wait for `room` before the next file. */
  get isFull(): boolean {
    return this.#underWay.size >= this.#crew.tasksWanted;
  }

  async room(): Promise<void> {
    while (this.isFull) await Promise.race(this.#underWay);
  }

  add(file: WaitingFile): void {
    const { content, xattrs = [] } = file.node;
    const data = content.pieces.filter((piece) => piece.kind === "data");
    const isNew = ({ id }: { id: Buffer }) => id !== this.#last && !this.#gathering.chunks.has(keyOf(id));
    if (this.#gathering.bytes >= TASK_BYTES && data.some(isNew)) this.flush();
    const { files, chunks } = this.#gathering;
    let bytes = ENTRY_BYTES;
    for (const { name, value } of xattrs) bytes += name.length + value.length;
    for (const { id, length } of data) {
      bytes += length;
      // Files of a bundle come one after the other, and a tree has each id once.
      if (id === this.#last) continue;
      chunks.set(keyOf(id), id);
      this.#last = id;
    }
    files.push(file);
    this.#gathering.bytes += bytes;
    if (files.length >= TASK_FILES_MAX) this.flush();
  }

  /** Hands over what has been gathered. */
  flush(): void {
    const { files, chunks, bytes } = this.#gathering;
    if (files.length === 0) return;
    this.#gathering = { files: [], chunks: new Map(), bytes: 0 };
    this.#last = undefined;
    this.#begin(this.#writeFiles(files, [...chunks.values()], bytes));
  }

  /** Resolves when the part is written. */
  writePart(part: TaskPart): Promise<void> {
    const written = this.#writePart(part);
    this.#begin(written.catch(() => {}));
    return written;
  }

  /** Resolves when everything handed over is settled. */
  async drain(): Promise<void> {
    this.flush();
    while (this.#underWay.size > 0) await Promise.race(this.#underWay);
  }

  /** `work` never fails. */
  #begin(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }

  async #writeFiles(files: readonly WaitingFile[], ids: readonly Buffer[], bytes: number): Promise<void> {
    const unread = new Map<string, unknown>();
    const read = async (id: Buffer) => this.#read(id).catch((error: unknown) => void unread.set(keyOf(id), error));
    const chunks = (await Promise.all(ids.map(read))).filter((chunk) => chunk !== undefined);
    const whole = unread.size === 0 ? files : files.filter((file) => !settleUnread(file, unread));
    try {
      const problems = await this.#crew.perform({ chunks, files: whole, parts: [] }, bytes);
      settleAll(whole, problems);
    } catch (error) {
      for (const { settle } of whole) settle({ error });
    }
  }

  async #writePart(part: TaskPart): Promise<void> {
    const chunks = [await this.#read(part.id)];
    const [problem] = await this.#crew.perform({ chunks, files: [], parts: [part] }, part.length);
    if (problem !== undefined) throw errorOf(problem);
  }

  async #read(id: Buffer): Promise<TaskChunk> {
    const encoded = this.#source.readEncoded?.("data", id);
    if (encoded !== undefined) return { id, bytes: await encoded, isEncoded: true };
    return { id, bytes: await this.#source.read("data", id), isEncoded: false };
  }
}

/** Whether one task makes the whole file. */
export function isWhole(node: FileNode): node is WholeFileNode {
  const { content } = node;
  if (content.kind !== "pieces" || content.pieces.length > WHOLE_FILE_PIECES_MAX) return false;
  return (
    content.pieces.reduce((sum, piece) => sum + (piece.kind === "data" ? piece.length : 0), 0) <= WHOLE_FILE_BYTES_MAX
  );
}

/** Writes a file's content, whatever its length; nobody writes into `fd` any more when it resolves or rejects. `between` is called after each piece that was handed over, with its bytes. */
export async function writeInParts(
  fd: number,
  node: FileNode,
  needs: { trees: ChunkSource; dispatcher: FileDispatcher; between: (bytes: number) => Promise<void> },
): Promise<void> {
  const { trees, dispatcher, between } = needs;
  const parts = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let at = 0;
  let endsInHole = false;
  try {
    for await (const piece of readPieces(trees, node)) {
      endsInHole = piece.kind === "hole";
      if (piece.kind === "data") {
        await dispatcher.room();
        if (failure !== undefined) break;
        const { id, offset, length } = piece;
        const part: Promise<void> = dispatcher
          .writePart({ fd, at, id, offset, length })
          .catch((error: unknown) => {
            failure ??= { error };
          })
          .finally(() => parts.delete(part));
        parts.add(part);
      }
      at += piece.length;
      await between(piece.length);
    }
  } finally {
    await Promise.all(parts);
  }
  if (failure !== undefined) throw failure.error;
  if (endsInHole) truncate(fd, node.size);
}

/** True when a chunk of the file could not be had. */
function settleUnread({ node, settle }: WaitingFile, unread: ReadonlyMap<string, unknown>): boolean {
  const missing = node.content.pieces.find((piece) => piece.kind === "data" && unread.has(keyOf(piece.id)));
  if (missing?.kind !== "data") return false;
  settle({ error: unread.get(keyOf(missing.id)) });
  return true;
}

function settleAll(files: readonly WaitingFile[], problems: readonly TaskProblem[]): void {
  const byFile = new Map(problems.map((problem) => [problem.index, problem]));
  for (const [index, { settle }] of files.entries()) {
    const problem = byFile.get(index);
    if (problem === undefined) settle(WHOLE);
    else settle(problem.isMissing ? { error: errorOf(problem) } : { shortfall: problem });
  }
}

const WHOLE = { shortfall: undefined };

function errorOf({ code, problem }: TaskProblem): Error {
  return code === "" ? new Error(problem) : Object.assign(new Error(problem), { code });
}

function keyOf(id: Buffer): string {
  return id.toString("latin1");
}
