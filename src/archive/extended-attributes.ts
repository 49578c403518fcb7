import { codeOf, reasonOf } from "../runtime/errors.ts";
import { type NodeType, XATTR_NAME_BYTES_MAX, XATTR_VALUE_BYTES_MAX, XATTRS_MAX, type Xattr } from "../store/tree.ts";
import { type Directory, type FileStatus, zeroTerminatedPathAt, zeroTerminatedPathOf } from "./file-calls.ts";
import { libc } from "./libc.ts";

// Extended attributes of all namespaces, as the kernel gives and takes them: access control lists and capabilities are
// among them (xattr(7)). One call an entry lists the names; nearly all entries have none.

/** As a node has them, and why some could not be read. */
export interface KnownAttributes {
  readonly xattrs?: readonly Xattr[] | undefined;
  readonly xattrsUnread?: boolean | undefined;
  /** `undefined` also where the system as a whole has no such calls, which is said once (what-is-lost.ts). */
  readonly shortfall?: { readonly code: string; readonly problem: string } | undefined;
}

const NONE: KnownAttributes = {};
const UNREAD: KnownAttributes = { xattrsUnread: true };
/** Keeps the tree that holds the entry well below the greatest object. */
const BYTES_PER_ENTRY_MAX = 4 * 1024 * 1024;
const DEFAULT_LIST = Buffer.from("system.posix_acl_default");
const TERMINATOR = Buffer.alloc(1);

interface Source {
  list(): readonly Buffer[];
  get(name: Buffer): Buffer;
}

/** Reads them, and remembers which file systems have none. */
export class AttributeReader {
  /** By type: that symlinks have none says nothing of files. */
  readonly #devicesWithout = new Map<NodeType, Set<bigint>>();

  /** Of the entry itself, symlink or not. */
  readAt(directory: Directory, name: Buffer, status: FileStatus): KnownAttributes {
    const calls = libc();
    if (calls === undefined) return UNREAD;
    if (this.#devicesWithout.get(status.type)?.has(status.device) === true) return NONE;
    const path = zeroTerminatedPathAt(directory, name);
    return this.#read(status, {
      list: () => calls.llistxattr(path),
      get: (attribute) => calls.lgetxattr(path, terminated(attribute)),
    });
  }

  /** Of an open file. */
  read(fd: number, status: FileStatus): KnownAttributes {
    const calls = libc();
    if (calls === undefined) return UNREAD;
    if (this.#devicesWithout.get(status.type)?.has(status.device) === true) return NONE;
    return this.#read(status, {
      list: () => calls.flistxattr(fd),
      get: (attribute) => calls.fgetxattr(fd, terminated(attribute)),
    });
  }

  #read({ type, device }: FileStatus, source: Source): KnownAttributes {
    let names: readonly Buffer[];
    try {
      names = source.list();
    } catch (error) {
      if (codeOf(error) !== "ENOTSUP") return unread([], `attributes cannot be read: ${reasonOf(error)}`, error);
      const devices = this.#devicesWithout.get(type) ?? new Set();
      this.#devicesWithout.set(type, devices.add(device));
      return NONE;
    }
    return names.length === 0 ? NONE : readValues(names, source);
  }
}

function readValues(names: readonly Buffer[], { get }: Source): KnownAttributes {
  const xattrs: Xattr[] = [];
  let failure: KnownAttributes | undefined;
  let bytes = 0;
  // The kernel promises no order, and the same entry must be the same bytes.
  for (const name of [...names].sort(Buffer.compare)) {
    try {
      const value = get(name);
      bytes += name.length + value.length;
      const isTooMuch = bytes > BYTES_PER_ENTRY_MAX || xattrs.length >= XATTRS_MAX;
      if (isTooMuch || name.length > XATTR_NAME_BYTES_MAX || value.length > XATTR_VALUE_BYTES_MAX)
        throw Object.assign(new Error(`more than ${BYTES_PER_ENTRY_MAX} bytes`), { code: "E2BIG" });
      xattrs.push({ name, value });
    } catch (error) {
      // Taken away since it was listed.
      if (codeOf(error) === "ENODATA") continue;
      failure ??= unread(xattrs, `attribute ${name.toString("utf8")} cannot be read: ${reasonOf(error)}`, error);
    }
  }
  return failure ?? { xattrs };
}

/** `xattrs` may still grow. */
function unread(xattrs: readonly Xattr[], problem: string, error: unknown): KnownAttributes {
  return { xattrs, xattrsUnread: true, shortfall: { code: codeOf(error), problem } };
}

/** What a new entry may have inherited from its directory, or an existing one have of its own: it goes where the snapshot's has none. Labels of the host's own security module stay. */
function isTakenAway(name: Buffer): boolean {
  const text = name.toString("latin1");
  return (
    text.startsWith("user.") ||
    text.startsWith("trusted.") ||
    text.startsWith("system.posix_acl_") ||
    text === "security.capability"
  );
}

/** Whether what is made in the directory gets attributes from it: a default access control list. */
export function inheritsAttributes(directory: Directory): boolean {
  const calls = libc();
  if (calls === undefined) return true;
  try {
    return calls.flistxattr(directory.fd).some((name) => name.equals(DEFAULT_LIST));
  } catch (error) {
    return codeOf(error) !== "ENOTSUP";
  }
}

/** Makes those of what is open or held as `fd` the given ones; `problem` is told of each that cannot be. */
export function writeAttributes(
  fd: number,
  { xattrs = [], xattrsUnread }: KnownAttributes,
  problem: (error: unknown, what: string) => void,
): void {
  const calls = libc();
  if (calls === undefined) {
    if (xattrs.length > 0) problem(withoutCalls(), nameList(xattrs));
    return;
  }
  const path = zeroTerminatedPathOf(fd);
  if (xattrsUnread !== true) {
    for (const name of listed(() => calls.listxattr(path)) ?? []) {
      if (!isTakenAway(name) || xattrs.some((xattr) => xattr.name.equals(name))) continue;
      attempt(
        () => calls.removexattr(path, terminated(name)),
        (error) => problem(error, name.toString("utf8")),
      );
    }
  }
  for (const { name, value } of xattrs) {
    attempt(
      () => calls.setxattr(path, terminated(name), value),
      (error) => problem(error, name.toString("utf8")),
    );
  }
}

/** Whether an entry has what the snapshot's has. Where they cannot be read, they count as the same: replacing would not mend it. */
export function hasAttributes(directory: Directory, node: KnownAttributes & { readonly name: Buffer }): boolean {
  const calls = libc();
  if (calls === undefined) return true;
  const path = zeroTerminatedPathAt(directory, node.name);
  const wanted = node.xattrs ?? [];
  const names = listed(() => calls.llistxattr(path));
  if (names === undefined) return true;
  if (node.xattrsUnread !== true) {
    const isForeign = (name: Buffer) => isTakenAway(name) && !wanted.some((xattr) => xattr.name.equals(name));
    if (names.some(isForeign)) return false;
  }
  return wanted.every(({ name, value }) => {
    if (!names.some((existing) => existing.equals(name))) return false;
    try {
      return calls.lgetxattr(path, terminated(name)).equals(value);
    } catch {
      return true;
    }
  });
}

function listed(list: () => readonly Buffer[]): readonly Buffer[] | undefined {
  try {
    return list();
  } catch {
    return undefined;
  }
}

function attempt(act: () => void, failed: (error: unknown) => void): void {
  try {
    act();
  } catch (error) {
    failed(error);
  }
}

function terminated(name: Buffer): Buffer {
  return Buffer.concat([name, TERMINATOR]);
}

function nameList(xattrs: readonly Xattr[]): string {
  return xattrs.map(({ name }) => name.toString("utf8")).join(", ");
}

function withoutCalls(): Error {
  return Object.assign(new Error("this host has no calls for extended attributes"), { code: "ENOSYS" });
}
