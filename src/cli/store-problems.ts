import type { BackupProblem } from "../archive/problem-list.ts";
import { formatCount } from "./quantities.ts";
import type { Session } from "./session.ts";
import { type PathJson, pathJson, pathText } from "./store-bytes.ts";
import { STORE_WORDS } from "./store-words.ts";

/** More lines than these hide what stands above them. */
const PROBLEMS_SHOWN = 100;

export interface ProblemJson extends PathJson {
  /** The system's code (`EACCES`) or the archive's (`vanished`): problem-list.ts. */
  readonly code: string;
  readonly problem: string;
}

export function problemJson({ path, code, problem }: BackupProblem): ProblemJson {
  return { ...pathJson(path), code, problem };
}

/** What could not be done as it should be, on stderr; `count` also counts what is not in the list. */
export function tellProblems(session: Session, problems: readonly BackupProblem[], count: number): void {
  if (count === 0 || session.json) return;
  session.tell(STORE_WORDS.problems, { count: formatCount(count) });
  const shown = problems.slice(0, PROBLEMS_SHOWN);
  for (const { path, problem } of shown) session.tell(STORE_WORDS.problem, { path: pathText(path), problem });
  if (count > shown.length) session.tell(STORE_WORDS.moreProblems, { count: formatCount(count - shown.length) });
}
