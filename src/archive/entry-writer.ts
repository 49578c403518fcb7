import { codeOf } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { readPieces } from "../store/snapshot-tree.ts";
import type { DeviceNode, FileNode, PlainNode, SymlinkNode, TreeNode } from "../store/tree.ts";
import { writeAttributes } from "./extended-attributes.ts";
import {
  close,
  createFileAt,
  type Directory,
  type FileTimes,
  findStatusAt,
  holdAt,
  linkAt,
  makeSymlinkAt,
  renameAt,
  setHeldMode,
  setHeldOwner,
  setHeldTimes,
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
import { reasonWithoutPath } from "./problem-list.ts";
import { makeSpecialFile } from "./special-files.ts";

// Making single entries. Everything is made complete under a name of ours beside its place and then renamed: a killed
// restore leaves no half file under a real name, and what is in the way is replaced, never followed or written into.

/** Pieces read ahead of the one being written. */
const PIECES_AHEAD = 4;
const SETUID = 0o4000;
const SETGID = 0o2000;
/** A link may be refused where a file of its own is not: another file system is mounted there, the file has too many names, the system protects the first. */
const LINK_REFUSALS = new Set(["EXDEV", "EMLINK", "EPERM", "EACCES", "ENOTSUP"]);

/** What could not be given to an entry that is there now, the code of the first of it; `undefined` when nothing is missing. */
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

  /** Another name for what was restored as `first`; false when that is no longer what stands there, or cannot have another name. */
  writeHardLink(place: EntryPlace, first: EntryPlace, expected: { device: bigint; inode: bigint }): boolean {
    const temporary = this.#temporaryName();
    try {
      linkAt(first, { directory: place.directory, name: temporary });
    } catch (error) {
      if (LINK_REFUSALS.has(codeOf(error))) return false;
      throw error;
    }
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

/** How to reach what is open, or only held. */
interface EntryCalls {
  setOwner(fd: number, owner: { uid: number; gid: number }): void;
  setMode(fd: number, mode: number): void;
  setTimes(fd: number, times: FileTimes): void;
}
const OPEN: EntryCalls = { setOwner, setMode, setTimes };
const HELD: EntryCalls = { setOwner: setHeldOwner, setMode: setHeldMode, setTimes: setHeldTimes };

/** Of an open file or directory. */
export function setAttributes(fd: number, node: TreeNode): Shortfall {
  return giveAttributes(fd, node, OPEN);
}

/**
 * Owner first: changing it clears set-user-id and capabilities. Then attributes, while we may write: an access control list
 * may clear set-group-id. Times last: everything before changes them.
 */
function giveAttributes(fd: number, node: TreeNode, calls: EntryCalls): Shortfall {
  const shortfalls = new Shortfalls();
  const withheld = giveOwner(fd, node, calls, shortfalls);
  writeAttributes(fd, node, (error, name) => shortfalls.add(error, `attribute ${name}`));
  if (node.type !== "symlink") {
    const mode = node.mode & ~withheld;
    if (mode !== node.mode) shortfalls.add(new Error("it has another owner"), `mode ${octal(node.mode)}`);
    calls.setMode(fd, mode);
    // The kernel drops set-group-id without a word where the group is not ours.
    if ((mode & (SETUID | SETGID)) !== 0 && status(fd).mode !== mode)
      shortfalls.add(Object.assign(new Error("the system took bits away"), { code: "EPERM" }), `mode ${octal(mode)}`);
  }
  calls.setTimes(fd, { atimeNs: node.atimeNs ?? node.mtimeNs, mtimeNs: node.mtimeNs });
  return shortfalls.result;
}

/** The mode bits that must be withheld: a program must not run as somebody who never owned it. */
function giveOwner(fd: number, node: TreeNode, calls: EntryCalls, shortfalls: Shortfalls): number {
  const { uid, gid } = status(fd);
  if (uid === node.uid && gid === node.gid) return 0;
  try {
    calls.setOwner(fd, node);
    return 0;
  } catch (error) {
    shortfalls.add(error, `owner ${node.uid}:${node.gid}`);
  }
  if (gid === node.gid) return SETUID;
  try {
    // Who is not root may still give his own files to another of his groups.
    calls.setOwner(fd, { uid, gid: node.gid });
    return uid === node.uid ? 0 : SETUID;
  } catch {
    return uid === node.uid ? SETGID : SETUID | SETGID;
  }
}

/** Of a name that we have just made. It is held before anything is given to it: whoever may write into the directory may have put something else there. */
function setAttributesAt(directory: Directory, name: Buffer, node: TreeNode): Shortfall {
  const held = holdAt(directory, name);
  if (held === undefined) return setAttributesByName(directory, name, node);
  try {
    const { type, links } = status(held);
    if (type !== node.type || links !== 1)
      throw Object.assign(new Error(`what was made was swapped for a ${type}`), { code: "refused" });
    return giveAttributes(held, node, HELD);
  } finally {
    close(held);
  }
}

/** Where a name cannot be held. */
function setAttributesByName(directory: Directory, name: Buffer, node: TreeNode): Shortfall {
  const shortfalls = new Shortfalls();
  const made = findStatusAt(directory, name);
  if (made !== undefined && (made.uid !== node.uid || made.gid !== node.gid)) {
    try {
      setOwnerAt(directory, name, node);
    } catch (error) {
      shortfalls.add(error, `owner ${node.uid}:${node.gid}`);
    }
  }
  setTimesAt(directory, name, { atimeNs: node.atimeNs ?? node.mtimeNs, mtimeNs: node.mtimeNs });
  return shortfalls.result;
}

/** Everything that one entry lacks, in one line. */
class Shortfalls {
  #code = "";
  readonly #problems: string[] = [];

  add(error: unknown, what: string): void {
    if (this.#problems.length === 0) this.#code = codeOf(error);
    this.#problems.push(`${what} cannot be restored: ${reasonWithoutPath(error)}`);
  }

  get result(): Shortfall {
    return this.#problems.length === 0 ? undefined : { code: this.#code, problem: this.#problems.join("; ") };
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function removeQuietly(directory: Directory, name: Buffer): void {
  try {
    unlinkAt(directory, name);
  } catch {}
}
