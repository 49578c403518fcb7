import { codeOf, reasonOf } from "../runtime/errors.ts";

/** One entry that could not be saved or restored as it is. */
export interface BackupProblem {
  /** Bytes as the system has them. */
  readonly path: Buffer;
  /** The system's code (`EACCES`), or ours: `changed`, `vanished`, `replaced`, `unsupported`, `damaged`, `refused`. */
  readonly code: string;
  readonly problem: string;
}

/** More than this are counted and not kept. */
const KEPT_MAX = 10_000;

export class ProblemList {
  readonly kept: BackupProblem[] = [];
  count = 0;

  add(path: Buffer, code: string, problem: string): void {
    this.count++;
    if (this.kept.length < KEPT_MAX) this.kept.push({ path: Buffer.from(path), code, problem });
  }

  addError(path: Buffer, error: unknown): void {
    const code = codeOf(error);
    this.add(path, code === "" ? "failed" : code, reasonWithoutPath(error));
  }
}

/** The system's words without the path through our own handles, which says nothing to a reader: the entry's is told beside. */
export function reasonWithoutPath(error: unknown): string {
  return reasonOf(error).replace(/, (\w+) '\/proc\/self\/fd\/\d.*$/s, ", $1");
}
