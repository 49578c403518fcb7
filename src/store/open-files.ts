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
  readonly #closings = new Set<Promise<void>>();

  constructor(max: number) {
    this.#max = max;
  }

  async use<T>(path: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
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
    const closing = closeQuietly(file);
    this.#closings.add(closing);
    closing.finally(() => this.#closings.delete(closing));
  }

  async close(): Promise<void> {
    for (const path of [...this.#files.keys()]) this.retire(path);
    await Promise.all(this.#closings);
  }
}

async function closeQuietly({ handle }: OpenFile): Promise<void> {
  // A file that was only read loses nothing by a failing close.
  await handle.then((opened) => opened.close()).catch(() => {});
}
