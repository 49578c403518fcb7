import { CorruptionError, codeOf, reasonOf, WireError } from "../runtime/errors.ts";
import { chunkId } from "../store/chunk-id.ts";
import { decodeObjectHere } from "../store/codec.ts";
import { dispose } from "../store/dispose.ts";
import type { Piece } from "../store/tree.ts";
import type { EntryWriter } from "./entry-writer.ts";
import { truncate, writeFully } from "./file-calls.ts";
import { reasonWithoutPath } from "./problem-list.ts";
import type { RestoreTask, TaskChunk, TaskProblem, WholeFileNode } from "./restore-task.ts";

/** Does tasks, in whatever thread; every id is computed anew: what reaches the disk is what was cut from it. */
export class TaskPerformer {
  readonly #writer: EntryWriter;
  readonly #idKey: Buffer;

  constructor({ writer, idKey }: { writer: EntryWriter; idKey: Buffer }) {
    this.#writer = writer;
    this.#idKey = idKey;
  }

  /** What did not go as it should; everything else is done. Parts are counted on behind the files. */
  perform({ chunks, files, parts }: RestoreTask): TaskProblem[] {
    const problems: TaskProblem[] = [];
    const contents = new Contents(chunks, this.#idKey);
    for (const [index, { directory, newcomers, node }] of files.entries()) {
      try {
        const place = { directory, name: node.name };
        const shortfall = this.#writer.writeFile(place, node, {
          newcomers,
          fill: (fd) => writePieces(fd, node, contents),
        });
        if (shortfall !== undefined) problems.push({ index, isMissing: false, ...shortfall });
      } catch (error) {
        problems.push({ index, isMissing: true, ...described(error) });
      }
    }
    for (const [index, { fd, at, id, offset, length }] of parts.entries()) {
      try {
        writeFully(fd, contents.part(id, offset, length), at);
      } catch (error) {
        problems.push({ index: files.length + index, isMissing: true, ...described(error) });
      }
    }
    contents.dispose();
    return problems;
  }
}

function writePieces(fd: number, { content, size }: WholeFileNode, contents: Contents): void {
  let at = 0;
  let last: Piece | undefined;
  for (const piece of content.pieces) {
    if (piece.kind === "data") writeFully(fd, contents.part(piece.id, piece.offset, piece.length), at);
    at += piece.length;
    last = piece;
  }
  if (last?.kind === "hole") truncate(fd, size);
}

/** Decoded when first asked for. */
class Contents {
  readonly #chunks: Map<string, TaskChunk>;
  readonly #idKey: Buffer;
  readonly #plaintexts = new Map<string, Buffer>();
  #last: { readonly id: Buffer; readonly plaintext: Buffer } | undefined;

  constructor(chunks: readonly TaskChunk[], idKey: Buffer) {
    this.#chunks = new Map(chunks.map((chunk) => [chunk.id.toString("latin1"), chunk]));
    this.#idKey = idKey;
  }

  part(id: Buffer, offset: number, length: number): Buffer {
    if (this.#last?.id !== id) this.#last = { id, plaintext: this.#plaintextOf(id) };
    const part = this.#last.plaintext.subarray(offset, offset + length);
    if (part.length !== length) throw new CorruptionError(nameOf(id), "a piece goes beyond its chunk");
    return part;
  }

  /** Gives the memory back at once; plaintexts that were not ours to decode may be somebody else's. */
  dispose(): void {
    this.#last = undefined;
    for (const [key, { bytes, isEncoded }] of this.#chunks) {
      if (!isEncoded) continue;
      dispose(bytes);
      const plaintext = this.#plaintexts.get(key);
      if (plaintext !== undefined && plaintext.buffer !== bytes.buffer) dispose(plaintext);
    }
  }

  #plaintextOf(id: Buffer): Buffer {
    const key = id.toString("latin1");
    const known = this.#plaintexts.get(key);
    if (known !== undefined) return known;
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) throw new Error(`${nameOf(id)} is not part of the task`);
    const plaintext = decoded(chunk);
    if (!chunkId(this.#idKey, "data", plaintext).equals(id))
      throw new CorruptionError(nameOf(id), "content does not match its id");
    this.#plaintexts.set(key, plaintext);
    return plaintext;
  }
}

function decoded({ id, bytes, isEncoded }: TaskChunk): Buffer {
  if (!isEncoded) return bytes;
  try {
    return decodeObjectHere(bytes);
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(nameOf(id), error.problem);
    throw error;
  }
}

function nameOf(id: Buffer): string {
  return `data object ${id.toString("hex")}`;
}

function described(error: unknown): { code: string; problem: string } {
  if (error instanceof CorruptionError) return { code: "damaged", problem: reasonOf(error) };
  return { code: codeOf(error), problem: reasonWithoutPath(error) };
}
