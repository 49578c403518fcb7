// Which snapshots of a store are meant, and how one is shown.

import { resolve } from "node:path";
import type { Text } from "../ports/flow.ts";
import type { Snapshot } from "../store/snapshot.ts";
import type { Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { type PathJson, pathJson } from "./store-bytes.ts";

const WORDS = {
  none: { en: "{ref}: no snapshot has this id", ja: "{ref}: この ID のスナップショットはありません" },
  many: { en: "{ref}: several snapshots begin so", ja: "{ref}: 該当するスナップショットが複数あります" },
  noLatest: { en: "no such snapshot", ja: "該当するスナップショットがありません" },
  listThem: { en: "`rusuban store snapshots {store}` lists them", ja: "一覧は `rusuban store snapshots {store}`" },
  oneOf: { en: "give one of: {list}", ja: "次のいずれかを指定してください: {list}" },
} as const satisfies Record<string, Text>;

const CANDIDATES_SHOWN = 5;

export interface SnapshotFilter {
  readonly host?: string;
  readonly path?: readonly string[];
  readonly tag?: readonly string[];
}

/** Those of this host that hold all these paths and have all these tags, in the order given. */
export function filterSnapshots(
  snapshots: readonly Snapshot[],
  { host, path = [], tag = [] }: SnapshotFilter,
): Snapshot[] {
  const wanted = path.map((each) => Buffer.from(resolve(each)));
  return snapshots.filter(
    ({ hostName, paths, tags }) =>
      (host === undefined || hostName === host) &&
      wanted.every((bytes) => paths.some((each) => each.equals(bytes))) &&
      tag.every((each) => tags.includes(each)),
  );
}

/** The one snapshot that `ref` and the filter mean. @throws CommandError where it is none, or not one alone. */
export function chooseSnapshot(
  session: Session,
  snapshots: readonly Snapshot[],
  { ref, store, filter = {} }: { ref: string; store: string; filter?: SnapshotFilter },
): Snapshot {
  if (ref === "latest") {
    const newest = filterSnapshots(snapshots, filter).at(-1);
    if (newest === undefined)
      throw session.failure("not-found", WORDS.noLatest, { hint: WORDS.listThem, values: { store } });
    return newest;
  }
  const beginning = ref.toLowerCase();
  const matches = snapshots.filter(({ id }) => beginning !== "" && id.startsWith(beginning));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  const list = shortIds(matches.map(({ id }) => id));
  const shown = [...list.slice(0, CANDIDATES_SHOWN), ...(list.length > CANDIDATES_SHOWN ? ["…"] : [])].join(", ");
  throw session.failure(
    matches.length === 0 ? "not-found" : "ambiguous",
    matches.length === 0 ? WORDS.none : WORDS.many,
    {
      hint: matches.length === 0 ? WORDS.listThem : WORDS.oneOf,
      values: { ref, store, list: shown },
    },
  );
}

/** The newest snapshot of the same host and the same paths: what a backup takes unchanged files from. */
export function findParent(
  snapshots: readonly Snapshot[],
  { hostName, paths }: { hostName: string; paths: readonly Buffer[] },
): Snapshot | undefined {
  const wanted = keyOf(paths);
  return snapshots.findLast((each) => each.hostName === hostName && keyOf(each.paths) === wanted);
}

/** A set of paths as one text: their order and repetition mean nothing. */
function keyOf(paths: readonly Buffer[]): string {
  return [...new Set(paths.map((path) => path.toString("latin1")))].sort().join("\0");
}

/** A snapshot as --json gives it: times in milliseconds since 1970, sizes in bytes. */
export interface SnapshotJson {
  readonly id: string;
  readonly host: string;
  readonly paths: readonly PathJson[];
  readonly tags: readonly string[];
  readonly parent: string | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  /** Content that no earlier snapshot held, before compression. */
  readonly bytesNew: number;
  /** What it added to the store, compressed. */
  readonly bytesAdded: number;
  readonly problems: number;
}

export function snapshotJson(snapshot: Snapshot): SnapshotJson {
  const { id, hostName, paths, tags, parent, startedAtMs, finishedAtMs, stats } = snapshot;
  return {
    ...{ id, host: hostName, paths: paths.map(pathJson), tags, parent: parent ?? null, startedAtMs, finishedAtMs },
    ...{ files: stats.files, directories: stats.directories, bytes: stats.bytes },
    ...{ bytesNew: stats.newBytes, bytesAdded: stats.storedBytes, problems: stats.problems },
  };
}
