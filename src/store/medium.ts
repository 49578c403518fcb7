/** A file of a medium as `list` reports it. */
export interface MediumFile {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Where a store's files live. Names are ASCII, `/` between parts (`packs/data/3f/3f…`). A file is written once, whole,
 * and never changed; that is all the store needs, so that an object store can stand in for a directory.
 * Every implementation passes `describeMedium` (medium-compliance.ts).
 */
export interface Medium {
  /** How people call this place, for messages. */
  readonly name: string;
  /** Takes the medium for this process alone, or throws a StoreOpenError("in-use") naming the holder. Given back by `release` or by the death of the process. */
  lock(): Promise<void>;
  release(): Promise<void>;
  /** All files whose name starts with `prefix`, in no order. Files whose writing never finished are not among them. */
  list(prefix: string): Promise<MediumFile[]>;
  /** Up to `length` bytes from `offset`, in a buffer that is the caller's; fewer only where the file ends. ENOENT (as `code`) when there is no such file. */
  readRange(name: string, offset: number, length: number): Promise<Buffer>;
  /**
   * Writes `parts` one after the other as the new file `name`. When the promise resolves, the file survives a power cut
   * under its name, whole. Before that, `list` never shows a part of it. EEXIST when the name is taken: nothing is overwritten.
   */
  write(name: string, parts: readonly Buffer[]): Promise<void>;
  /** When the promise resolves, the file is gone and stays gone after a power cut. A file that is not there is no error. */
  delete(name: string): Promise<void>;
  /**
   * Gives the file `from` the name `to`. Durable when it resolves; whatever happens meanwhile, the file has at least one of
   * the names. EEXIST when `to` is taken, ENOENT when there is no `from`.
   */
  move(from: string, to: string): Promise<void>;
  /** Removes what interrupted writes left behind. Only the holder of the lock calls it, before its first write. */
  sweep(): Promise<number>;
  /** Gives back open files; the lock too. */
  close(): Promise<void>;
}
