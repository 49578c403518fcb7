import { codeOf } from "../runtime/errors.ts";
import type { DeviceNode, FileNode, PlainNode, SymlinkNode, TreeNode } from "../store/tree.ts";
import { writeAttributes } from "./extended-attributes.ts";
import {
  close,
  createFileAt,
  createUnnamedFile,
  type Directory,
  type FileTimes,
  findStatusAt,
  holdAt,
  linkAt,
  makeSymlinkAt,
  nameFileAt,
  readUmask,
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
  unlinkAt,
} from "./file-calls.ts";
import { reasonWithoutPath } from "./problem-list.ts";
import { makeSpecialFile } from "./special-files.ts";
import type { TemporaryNames } from "./temporary-names.ts";

// Making single entries. A file is made complete before it has a name, or under a name of ours beside its place: a killed
// restore leaves no half file under a real name, and what is in the way is replaced, never followed or written into.

const OWNER_ONLY = 0o600;
/** Set-user-id, set-group-id, sticky. */
const SPECIAL_BITS = 0o7000;
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

/** Whose a new file is in a directory that this restore has made, where it also inherits no attributes. */
export interface NewcomerOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface NewFile {
  readonly place: EntryPlace;
  readonly fd: number;
  /** Undefined: it has no name at all yet. */
  readonly temporary: Buffer | undefined;
  readonly newcomers: NewcomerOwner | undefined;
  /** Born with everything but its times. */
  readonly isReady: boolean;
  isOpen: boolean;
}

export class EntryWriter {
  /** Names that nobody else has: of this thread and restore. */
  readonly #names: TemporaryNames;
  readonly #umask = readUmask();
  #makesUnnamed = true;

  constructor({ names }: { names: TemporaryNames }) {
    this.#names = names;
  }

  /** `fill` writes the content. */
  writeFile(
    place: EntryPlace,
    node: FileNode,
    { newcomers, fill }: { newcomers: NewcomerOwner | undefined; fill: (fd: number) => void },
  ): Shortfall {
    const file = this.beginFile(place, node, newcomers);
    try {
      fill(file.fd);
      return this.finishFile(file, node);
    } catch (error) {
      this.abandonFile(file);
      throw error;
    }
  }

  /** To be ended with `finishFile`, or `abandonFile` where anything fails. */
  beginFile(place: EntryPlace, node: FileNode, newcomers: NewcomerOwner | undefined): NewFile {
    const isReady =
      newcomers !== undefined &&
      (node.mode & (this.#umask | SPECIAL_BITS)) === 0 &&
      newcomers.uid === node.uid &&
      newcomers.gid === node.gid &&
      (node.xattrs === undefined || node.xattrs.length === 0);
    const mode = isReady ? node.mode : OWNER_ONLY;
    const rest = { place, newcomers, isReady, isOpen: true };
    const unnamed = this.#makesUnnamed ? createUnnamedFile(place.directory, mode) : undefined;
    if (unnamed !== undefined) return { ...rest, fd: unnamed, temporary: undefined };
    this.#makesUnnamed = false;
    const temporary = this.#names.next();
    return { ...rest, fd: createFileAt(place.directory, temporary, mode), temporary };
  }

  finishFile(file: NewFile, node: FileNode): Shortfall {
    const { place, fd, temporary, newcomers, isReady } = file;
    let shortfall: Shortfall;
    if (isReady) setTimes(fd, timesOf(node));
    else shortfall = setAttributes(fd, node, newcomers);
    if (temporary === undefined) this.#giveName(fd, place);
    closeOnce(file);
    if (temporary !== undefined) renameAt(place.directory, temporary, place.name);
    return shortfall;
  }

  abandonFile(file: NewFile): void {
    try {
      closeOnce(file);
    } catch {}
    if (file.temporary !== undefined) removeQuietly(file.place.directory, file.temporary);
  }

  #giveName(fd: number, place: EntryPlace): void {
    try {
      nameFileAt(fd, place.directory, place.name);
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    // Only a rename puts something in the place of what is there.
    const temporary = this.#names.next();
    nameFileAt(fd, place.directory, temporary);
    try {
      renameAt(place.directory, temporary, place.name);
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
    const temporary = this.#names.next();
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
    const temporary = this.#names.next();
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
}

/** How to reach what is open, or only held. */
interface EntryCalls {
  setOwner(fd: number, owner: { uid: number; gid: number }): void;
  setMode(fd: number, mode: number): void;
  setTimes(fd: number, times: FileTimes): void;
}
const OPEN: EntryCalls = { setOwner, setMode, setTimes };
const HELD: EntryCalls = { setOwner: setHeldOwner, setMode: setHeldMode, setTimes: setHeldTimes };

/** Of an open file or directory; `newcomers` where it is a file just made. */
export function setAttributes(fd: number, node: TreeNode, newcomers?: NewcomerOwner): Shortfall {
  return giveAttributes(fd, node, OPEN, newcomers);
}

/**
 * Owner first: changing it clears set-user-id and capabilities. Then attributes, while we may write: an access control list
 * may clear set-group-id. Times last: everything before changes them.
 */
function giveAttributes(fd: number, node: TreeNode, calls: EntryCalls, newcomers?: NewcomerOwner): Shortfall {
  const shortfalls = new Shortfalls();
  const withheld = giveOwner({ fd, owner: newcomers ?? status(fd) }, node, calls, shortfalls);
  if (newcomers === undefined || (node.xattrs !== undefined && node.xattrs.length > 0))
    writeAttributes(fd, node, (error, name) => shortfalls.add(error, `attribute ${name}`));
  if (node.type !== "symlink") {
    const mode = node.mode & ~withheld;
    if (mode !== node.mode) shortfalls.add(new Error("it has another owner"), `mode ${octal(node.mode)}`);
    calls.setMode(fd, mode);
    // The kernel drops set-group-id without a word where the group is not ours.
    if ((mode & (SETUID | SETGID)) !== 0 && status(fd).mode !== mode)
      shortfalls.add(Object.assign(new Error("the system took bits away"), { code: "EPERM" }), `mode ${octal(mode)}`);
  }
  calls.setTimes(fd, timesOf(node));
  return shortfalls.result;
}

function timesOf({ atimeNs, mtimeNs }: TreeNode): FileTimes {
  return { atimeNs: atimeNs ?? mtimeNs, mtimeNs };
}

/** The mode bits that must be withheld: a program must not run as somebody who never owned it. */
function giveOwner(
  { fd, owner: { uid, gid } }: { fd: number; owner: NewcomerOwner },
  node: TreeNode,
  calls: EntryCalls,
  shortfalls: Shortfalls,
): number {
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
  setTimesAt(directory, name, timesOf(node));
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

/** A second time it might be another thread's. */
function closeOnce(file: NewFile): void {
  if (!file.isOpen) return;
  file.isOpen = false;
  close(file.fd);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function removeQuietly(directory: Directory, name: Buffer): void {
  try {
    unlinkAt(directory, name);
  } catch {}
}
