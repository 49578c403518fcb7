import { type FileHandle, open } from "node:fs/promises";

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  users: number;
  /** No longer in the map; the last user closes it. */
  isRetired: boolean;
}

/** Files kept open for reading, the last used ones; a file in use is never closed under its reader. */
export class OpenFiles {
  readonly #max: number;
  readonly #files = new Map<string, OpenFile>();
  /** Reads under way, and files being closed. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(max: number) {
    this.#max = max;
  }

  use<T>(path: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
    const result = this.#use(path, read);
    this.#follow(
      result.then(
        () => {},
        () => {},
      ),
    );
    return result;
  }

  async #use<T>(path: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
    const file = this.#files.get(path) ?? { handle: open(path, "r"), users: 0, isRetired: false };
    file.users++;
    this.#files.delete(path); // Last used goes last.
    this.#files.set(path, file);
    for (const [oldest] of this.#files) {
      if (this.#files.size <= this.#max) break;
      this.retire(oldest);
    }
    try {
      return await read(await file.handle);
    } catch (error) {
      this.retire(path);
      throw error;
    } finally {
      file.users--;
      if (file.isRetired && file.users === 0) await closeQuietly(file);
    }
  }

  /** The next use opens the path anew. */
  retire(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    file.isRetired = true;
    if (file.users > 0) return;
    this.#follow(closeQuietly(file));
  }

  /** Resolves when every file is closed: those in use when their readers are done. */
  async close(): Promise<void> {
    for (const path of [...this.#files.keys()]) this.retire(path);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** `work` never fails. */
  #follow(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }
}

async function closeQuietly({ handle }: OpenFile): Promise<void> {
  // A file that was only read loses nothing by a failing close.
  await handle.then((opened) => opened.close()).catch(() => {});
}
