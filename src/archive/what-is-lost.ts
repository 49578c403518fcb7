import { libc } from "./libc.ts";
import type { ProblemList } from "./problem-list.ts";

// Where libc cannot be called, backups and restores go on with Node's own calls. What that costs is said once a job.

const ROOT = Buffer.from("/");

export function declareBackupLosses(problems: ProblemList): void {
  if (libc() !== undefined) return;
  problems.add(
    ROOT,
    "unsupported",
    "this host's C library cannot be called: no extended attributes, access control lists or capabilities are kept, and holes are read and kept as zeros",
  );
}

export function declareRestoreLosses(problems: ProblemList): void {
  if (libc() !== undefined) return;
  problems.add(
    ROOT,
    "unsupported",
    "this host's C library cannot be called: times are restored to the microsecond, no extended attributes, access control lists, capabilities or sockets",
  );
}
