import type { FileStatus } from "./file-calls.ts";
import { libc } from "./libc.ts";

/** A part of a file, from `start` to before `end`. */
export interface Run {
  readonly kind: "data" | "hole";
  readonly start: number;
  readonly end: number;
}

/**
 * The file as it was opened, in order and without gaps. Only a file that takes less than its size is asked for its holes
 * (lseek(2)): they are never read. What is preallocated and not written counts as a hole, as the kernel has it.
 */
export function* dataRuns(fd: number, { size, allocatedBytes }: FileStatus): Generator<Run> {
  const calls = allocatedBytes < size ? libc() : undefined;
  if (calls === undefined) {
    if (size > 0) yield { kind: "data", start: 0, end: size };
    return;
  }
  let position = 0;
  while (position < size) {
    const start = Math.min(calls.nextData(fd, position) ?? size, size);
    if (start > position) yield { kind: "hole", start: position, end: start };
    if (start >= size) return;
    // At least a byte further, whatever the file has become meanwhile.
    const end = Math.min(Math.max(calls.nextHole(fd, start) ?? size, start + 1), size);
    yield { kind: "data", start, end };
    position = end;
  }
}
