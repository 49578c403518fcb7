import type { NewcomerOwner } from "./entry-writer.ts";
import { inheritsAttributes } from "./extended-attributes.ts";
import { close, type Directory, status } from "./file-calls.ts";

/** A directory being restored: open until it has been walked and everything in it has come to an end. */
export interface OpenDirectory {
  readonly directory: Directory;
  readonly parent: OpenDirectory | undefined;
  /** Its own walk, directories in it, and files that are still being written. */
  busy: number;
  isWalked: boolean;
  /** Gives it its attributes: last, since making entries changes its times, and a read-only one takes none. */
  readonly finish: () => void;
}

/** Walked directories that may wait for their last files: each is an open handle. */
const WAITING_MAX = 128;

export class OpenDirectories {
  readonly #open = new Set<OpenDirectory>();
  #waiting = 0;

  begin(directory: Directory, { parent, finish }: Pick<OpenDirectory, "parent" | "finish">): OpenDirectory {
    const opened = { directory, parent, busy: 1, isWalked: false, finish };
    if (parent !== undefined) parent.busy++;
    this.#open.add(opened);
    return opened;
  }

  /** Whether files must come to an end before more directories are opened. */
  get areTooMany(): boolean {
    return this.#waiting > WAITING_MAX;
  }

  /** Its walk has ended. */
  walked(opened: OpenDirectory): void {
    opened.isWalked = true;
    this.#waiting++;
    this.leave(opened);
  }

  /** Something in it has come to an end; perhaps the directory, too, and the ones above it. */
  leave(opened: OpenDirectory): void {
    for (let at: OpenDirectory | undefined = opened; at !== undefined; at = at.parent) {
      at.busy--;
      if (at.busy > 0) return;
      this.#waiting--;
      this.#open.delete(at);
      at.finish();
      close(at.directory.fd);
    }
  }

  /** After a failure: as they are. */
  closeAll(): void {
    for (const { directory } of this.#open) close(directory.fd);
    this.#open.clear();
  }
}

const OWN_UID = process.geteuid?.() ?? -1;
const OWN_GID = process.getegid?.() ?? -1;
const SETGID = 0o2000;
/** As `makeDirectoryAt` makes them. */
const OWNER_ONLY = 0o700;

/** Whose a file made in this directory will be, where that is certain: nobody else may change the directory, and it hands no attributes on. */
export function newcomersIn(made: Directory): NewcomerOwner | undefined {
  const { uid, gid, mode } = status(made.fd);
  const isOurs = uid === OWN_UID && (mode & ~SETGID) === OWNER_ONLY;
  // Where the group is another than ours, it is the directory's by its bit, or by a rule of the mount that we do not know.
  const isGroupKnown = gid === OWN_GID || (mode & SETGID) !== 0;
  return isOurs && isGroupKnown && !inheritsAttributes(made) ? { uid, gid } : undefined;
}
