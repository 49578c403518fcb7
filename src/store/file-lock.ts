import { takeProcessLock } from "../runtime/process-lock.ts";
import { StoreOpenError } from "./store-open-error.ts";

/** A lock that is held until `release` or the death of the process. */
export interface FileLock {
  release(): void;
}

/** Locks the file `path` for this process. StoreOpenError("in-use") naming the process that has it. */
export function acquireFileLock(path: string): FileLock {
  const lock = takeProcessLock(path);
  if (lock.held) return lock;
  const holder = lock.holder === undefined ? "another process" : `process ${lock.holder}`;
  throw new StoreOpenError("in-use", `${path} is held by ${holder}; one process owns a store at a time`);
}
