import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeExactTree } from "../../test/exact-tree.ts";
import { foreignCalls } from "../../test/foreign-calls.ts";
import { compareTrees } from "../../test/tree-comparer.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { createFixtureStore } from "../store/store-fixture.ts";
import { archive } from "./archiver.ts";
import { extract } from "./extractor.ts";
import { createSessionSink } from "./session-sink.ts";

// A process of its own that makes the exact tree below a directory, backs it up, restores it and compares, giving up root
// before the step that it is told. On stdout: one line of JSON.
//
//   node exact-round-trip-fixture.ts DIRECTORY [tree|restore]

export interface ScenarioResult {
  readonly notMade: readonly string[];
  readonly backupProblems: readonly (readonly [path: string, code: string, problem: string])[];
  readonly restoreProblems: readonly (readonly [path: string, code: string, problem: string])[];
  /** Only where the process is still allowed to see everything. */
  readonly differences: readonly string[];
  readonly entries: number;
}

const NOBODY = 65_534;
/** That of the entries below `modes`: who is in it may give files to it. */
const GROUP_OF_MODES = 2_000;

function giveUpRoot(): void {
  process.setgroups?.([NOBODY, GROUP_OF_MODES]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
  // A process that has changed its user may not look into its own /proc/self/fd otherwise.
  foreignCalls?.setDumpable();
}

export async function runScenario(directory: string, unprivilegedFrom?: string): Promise<ScenarioResult> {
  const [from, to] = [join(directory, "from"), join(directory, "to")];
  mkdirSync(from);
  mkdirSync(to);
  if (unprivilegedFrom === "tree") chownSync(from, NOBODY, NOBODY);
  if (unprivilegedFrom !== undefined) chownSync(to, NOBODY, NOBODY);
  if (unprivilegedFrom === "tree") giveUpRoot();
  const notMade = makeExactTree(from);
  const { store } = await createFixtureStore();
  const session = await store.openSession({ hostId: "host-a", scope: "host" });
  const clock = new FakeClock(8_000_000_000_000);
  const sink = createSessionSink(session);
  const backup = await archive({ roots: [from], chunking: store.chunking, sink, clock });
  if (unprivilegedFrom === "restore") giveUpRoot();
  const source: ChunkSource = { read: (kind, id) => sink.read(kind, id) };
  const restore = await extract({
    ...{ source, chunking: store.chunking, root: backup.root, paths: [from], target: to, overwrite: "never", clock },
  });
  session.close();
  const compared =
    unprivilegedFrom === "restore"
      ? { differences: [], entries: 0 }
      : compareTrees(from, join(to, from), { exact: true });
  const told = ({ path, code, problem }: { path: Buffer; code: string; problem: string }) =>
    [path.toString("latin1"), code, problem] as const;
  return {
    notMade,
    backupProblems: backup.problems.map(told),
    restoreProblems: restore.problems.map(told),
    ...compared,
  };
}

if (import.meta.main) {
  const [directory, unprivilegedFrom] = process.argv.slice(2);
  if (directory === undefined) throw new Error("name a directory");
  process.stdout.write(`${JSON.stringify(await runScenario(directory, unprivilegedFrom))}\n`);
}
