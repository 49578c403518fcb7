import { codeOf, reasonOf } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { readPieces } from "../store/snapshot-tree.ts";
import type { DeviceNode, FileNode, PlainNode, SymlinkNode, TreeNode } from "../store/tree.ts";
import {
  close,
  createFileAt,
  type Directory,
  type FileStatus,
  findStatusAt,
  linkAt,
  makeSymlinkAt,
  renameAt,
  setMode,
  setOwner,
  setOwnerAt,
  setTimes,
  setTimesAt,
  status,
  truncate,
  unlinkAt,
  writeFully,
} from "./file-calls.ts";
import { makeSpecialFile } from "./special-files.ts";

// Making single entries. Everything is made complete under a name of ours beside its place and then renamed: a killed
// restore leaves no half file under a real name, and what is in the way is replaced, never followed or written into.

/** Pieces read ahead of the one being written. */
const PIECES_AHEAD = 4;
const SETUID_AND_SETGID = 0o6000;

/** What could not be given to an entry that is there now; `undefined` when nothing is missing. */
export type Shortfall = { readonly code: string; readonly problem: string } | undefined;

export interface EntryPlace {
  readonly directory: Directory;
  readonly name: Buffer;
}

export class EntryWriter {
  readonly #source: ChunkSource;
  /** Random for each restore, counted within it: names that nobody else has. */
  readonly #temporaryPrefix: string;
  #temporaryCount = 0;

  constructor({ source, random }: { source: ChunkSource; random: Random }) {
    this.#source = source;
    this.#temporaryPrefix = `.rusuban-${random(8).toString("hex")}-`;
  }

  /** `between` is called after each piece with its bytes. */
  async writeFile(place: EntryPlace, node: FileNode, between: (bytes: number) => Promise<void>): Promise<Shortfall> {
    const temporary = this.#temporaryName();
    const fd = createFileAt(place.directory, temporary);
    try {
      let shortfall: Shortfall;
      try {
        await this.#writeContent(fd, node, between);
        shortfall = setAttributes(fd, node);
      } finally {
        close(fd);
      }
      renameAt(place.directory, temporary, place.name);
      return shortfall;
    } catch (error) {
      removeQuietly(place.directory, temporary);
      throw error;
    }
  }

  writeSymlink(place: EntryPlace, node: SymlinkNode): Shortfall {
    return this.#make(place, node, (temporary) => makeSymlinkAt(place.directory, temporary, node.target));
  }

  /** A shortfall of code `unsupported` means that nothing was made. */
  writeSpecial(place: EntryPlace, node: DeviceNode | PlainNode): Shortfall {
    let refusal: string | undefined;
    const shortfall = this.#make(place, node, (temporary) => {
      refusal = makeSpecialFile(place.directory, temporary.toString("latin1"), node);
      return refusal === undefined;
    });
    return refusal === undefined ? shortfall : { code: "unsupported", problem: refusal };
  }

  /** Another name for what was restored as `first`; false when that is no longer what stands there. */
  writeHardLink(place: EntryPlace, first: EntryPlace, expected: { device: bigint; inode: bigint }): boolean {
    const temporary = this.#temporaryName();
    linkAt(first, { directory: place.directory, name: temporary });
    const linked = findStatusAt(place.directory, temporary);
    if (linked === undefined || linked.inode !== expected.inode || linked.device !== expected.device) {
      removeQuietly(place.directory, temporary);
      return false;
    }
    renameAt(place.directory, temporary, place.name);
    return true;
  }

  #make(place: EntryPlace, node: TreeNode, make: (temporary: Buffer) => unknown): Shortfall {
    const temporary = this.#temporaryName();
    try {
      if (make(temporary) === false) return undefined;
      const shortfall = setAttributesAt(place.directory, temporary, node);
      renameAt(place.directory, temporary, place.name);
      return shortfall;
    } catch (error) {
      removeQuietly(place.directory, temporary);
      throw error;
    }
  }

  async #writeContent(fd: number, node: FileNode, between: (bytes: number) => Promise<void>): Promise<void> {
    let offset = 0;
    let endsInHole = false;
    const ahead: { length: number; offset: number; bytes: Promise<Buffer> | undefined }[] = [];
    const writeOldest = async () => {
      const piece = ahead.shift();
      if (piece === undefined) return;
      if (piece.bytes !== undefined) {
        const chunk = await piece.bytes;
        const part = chunk.subarray(piece.offset, piece.offset + piece.length);
        if (part.length !== piece.length)
          throw Object.assign(new Error("a piece goes beyond its chunk"), { code: "damaged" });
        writeFully(fd, part, offset);
      }
      offset += piece.length;
      await between(piece.length);
    };
    for await (const piece of readPieces(this.#source, node)) {
      endsInHole = piece.kind === "hole";
      if (piece.kind === "hole") ahead.push({ length: piece.length, offset: 0, bytes: undefined });
      else {
        const bytes = this.#source.read("data", piece.id);
        bytes.catch(() => {}); // Thrown where it is awaited, and an earlier piece may fail first.
        ahead.push({ length: piece.length, offset: piece.offset, bytes });
      }
      if (ahead.length > PIECES_AHEAD) await writeOldest();
    }
    while (ahead.length > 0) await writeOldest();
    if (endsInHole) truncate(fd, node.size);
  }

  #temporaryName(): Buffer {
    return Buffer.from(`${this.#temporaryPrefix}${++this.#temporaryCount}`);
  }
}

/** Owner first: changing it clears the set-user-id bit. Times last: everything before changes them. */
export function setAttributes(fd: number, node: TreeNode): Shortfall {
  const shortfall = tryOwner(status(fd), node, () => setOwner(fd, node));
  setMode(fd, shortfall === undefined ? node.mode : node.mode & ~SETUID_AND_SETGID);
  setTimes(fd, { atimeNs: node.atimeNs ?? node.mtimeNs, mtimeNs: node.mtimeNs });
  return shortfall;
}

function setAttributesAt(directory: Directory, name: Buffer, node: TreeNode): Shortfall {
  const made = findStatusAt(directory, name);
  const shortfall = made === undefined ? undefined : tryOwner(made, node, () => setOwnerAt(directory, name, node));
  setTimesAt(directory, name, { atimeNs: node.atimeNs ?? node.mtimeNs, mtimeNs: node.mtimeNs });
  return shortfall;
}

function tryOwner(current: FileStatus, node: TreeNode, set: () => void): Shortfall {
  if (current.uid === node.uid && current.gid === node.gid) return undefined;
  try {
    set();
    return undefined;
  } catch (error) {
    return { code: codeOf(error), problem: `owner ${node.uid}:${node.gid} cannot be restored: ${reasonOf(error)}` };
  }
}

function removeQuietly(directory: Directory, name: Buffer): void {
  try {
    unlinkAt(directory, name);
  } catch {}
}
