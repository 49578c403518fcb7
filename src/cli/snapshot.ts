import type { Command } from "commander";
import { API_LIMITS } from "../api/limits.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { Text } from "../ports/flow.ts";
import { integer } from "../runtime/setting-kinds.ts";
import { HOST_FILTER } from "./alert-line.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { listPages } from "./list-pages.ts";
import { formatMode } from "./mode.ts";
import { formatCount, formatDuration, formatMoment } from "./quantities.ts";
import { findHost, findSnapshot } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { LABELS, SHARED } from "./words.ts";

const WORDS = {
  group: { en: "finished backups", ja: "バックアップ済みのスナップショット" },
  list: { en: "list snapshots, newest first", ja: "スナップショットを新しい順に一覧表示" },
  show: { en: "show one snapshot", ja: "スナップショットの詳細を表示" },
  ls: { en: "list a directory of a snapshot", ja: "スナップショット内のディレクトリを一覧表示" },
  latestOf: { en: "host of the snapshot that `latest` means", ja: "latest の対象ホスト" },
  path: {
    en: "directory in the snapshot; its top where not given",
    ja: "スナップショット内のディレクトリ(省略時は最上位)",
  },
  rawPath: {
    en: "the directory by its bytes in base64, for names that are not UTF-8",
    ja: "base64 で表したディレクトリ(UTF-8 でない名前用)",
  },
  noSnapshots: {
    en: "No snapshots yet. `rusuban backup HOST DIR --wait` makes one.",
    ja: "スナップショットがまだありません。`rusuban backup HOST DIR --wait` で作成できます。",
  },
  isEmpty: { en: "The directory is empty.", ja: "ディレクトリは空です。" },
} as const satisfies Record<string, Text>;

const FACTS = {
  id: { en: "Id", ja: "ID" },
  host: { en: "Host", ja: "ホスト" },
  paths: { en: "Paths", ja: "パス" },
  started: { en: "Started", ja: "開始" },
  finished: { en: "Finished", ja: "完了" },
  took: { en: "Took", ja: "所要時間" },
  files: { en: "Files", ja: "ファイル数" },
  directories: { en: "Directories", ja: "ディレクトリ数" },
  size: { en: "Size", ja: "サイズ" },
  added: { en: "Added to the store", ja: "ストア増分" },
  problems: { en: "Problems", ja: "問題" },
  job: { en: "Job", ja: "ジョブ" },
} as const satisfies Record<string, Text>;

/** More names than people read; scripts ask for the rest. */
const ENTRIES_SHOWN = 10_000;

const LATEST_OF = { flags: "--host <host>", about: WORDS.latestOf };

/** `rusuban snapshot list|show|ls`. */
export function snapshotCommand(cli: Cli): Command {
  return defineGroup(cli, "snapshot", WORDS.group, [
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      options: [
        { flags: "--host <host>", about: HOST_FILTER },
        { flags: "--limit <n>", about: SHARED.limitOption, kind: integer({ min: 1, max: 10_000 }) },
        { flags: "--after <place>", about: SHARED.afterOption },
      ],
      examples: ["rusuban snapshot list", "rusuban snapshot list --host web1 --json"],
      run: list,
    }),
    defineCommand(cli, {
      name: "show",
      about: WORDS.show,
      arguments: [["<snapshot>", SHARED.snapshotArgument]],
      options: [LATEST_OF],
      examples: ["rusuban snapshot show 0193a1b2", "rusuban snapshot show latest --host web1"],
      run: show,
    }),
    defineCommand(cli, {
      name: "ls",
      about: WORDS.ls,
      arguments: [
        ["<snapshot>", SHARED.snapshotArgument],
        ["[path]", WORDS.path],
      ],
      options: [
        LATEST_OF,
        { flags: "--raw-path <base64>", about: WORDS.rawPath },
        { flags: "--limit <n>", about: SHARED.limitOption, kind: integer({ min: 1, max: 100_000 }) },
        { flags: "--after <place>", about: SHARED.afterOption },
      ],
      examples: ["rusuban snapshot ls latest --host web1", "rusuban snapshot ls 0193a1b2 /etc/nginx"],
      run: listEntries,
    }),
  ]);
}

async function list(session: Session, options: { host?: string; limit?: number; after?: string }): Promise<void> {
  const { host: ref, limit = API_LIMITS.pageItemsDefault, after } = options;
  const api = await session.api();
  const host = ref === undefined ? undefined : (await findHost(session, api, ref)).id;
  const page = await listPages((query) => api.snapshotList({ query: { ...query, host } }), { limit, after });
  session.result(page, () => {
    if (page.items.length === 0) return session.tell(WORDS.noSnapshots);
    const ids = shortIds(page.items.map(({ id }) => id));
    session.table(
      [LABELS.id, LABELS.host, LABELS.when, LABELS.files, LABELS.size, LABELS.added, LABELS.problems, LABELS.paths],
      page.items.map((snapshot, index) => [
        ids[index] ?? snapshot.id,
        snapshot.hostName,
        session.moment(snapshot.finishedAtMs),
        formatCount(snapshot.files),
        formatBytes(snapshot.bytes),
        formatBytes(snapshot.bytesAdded),
        snapshot.problems === 0 ? "0" : { text: formatCount(snapshot.problems), style: "yellow" },
        snapshot.paths.join(" "),
      ]),
    );
    session.tellMore(page.next, limit);
  });
}

async function show(session: Session, ref: string, { host }: { host?: string }): Promise<void> {
  const snapshot = await findSnapshot(session, await session.api(), { ref, host });
  session.result(snapshot, () => session.facts(factsOf(session, snapshot)));
}

function factsOf(session: Session, snapshot: Snapshot): (readonly [Text | string, string])[] {
  return [
    [FACTS.host, snapshot.hostName],
    ...snapshot.paths.map((path, index) => [index === 0 ? FACTS.paths : "", path] as const),
    [FACTS.started, session.moment(snapshot.startedAtMs)],
    [FACTS.finished, session.moment(snapshot.finishedAtMs)],
    [FACTS.took, formatDuration(snapshot.finishedAtMs - snapshot.startedAtMs, session.language)],
    [FACTS.files, formatCount(snapshot.files)],
    [FACTS.directories, formatCount(snapshot.directories)],
    [FACTS.size, formatBytes(snapshot.bytes)],
    [FACTS.added, formatBytes(snapshot.bytesAdded)],
    [FACTS.problems, formatCount(snapshot.problems)],
    [FACTS.job, snapshot.jobId],
    [FACTS.id, snapshot.id],
  ];
}

async function listEntries(
  session: Session,
  ref: string,
  path: string | undefined,
  options: { host?: string; rawPath?: string; limit?: number; after?: string },
): Promise<void> {
  const { host, rawPath, limit = ENTRIES_SHOWN, after } = options;
  const api = await session.api();
  const { id } = await findSnapshot(session, api, { ref, host });
  const page = await listPages(
    (query) => api.snapshotEntries({ params: { snapshot: id }, query: { ...query, path, rawPath } }),
    { limit, after },
  );
  session.result(page, () => {
    if (page.items.length === 0) return session.tell(WORDS.isEmpty);
    session.table([MODE, OWNER, LABELS.size, MODIFIED, LABELS.name], page.items.map(entryRow));
    session.tellMore(page.next, limit);
  });
}

const MODE: Text = { en: "MODE", ja: "モード" };
const OWNER: Text = { en: "OWNER", ja: "所有者" };
const MODIFIED: Text = { en: "MODIFIED", ja: "更新日時" };

function entryRow(entry: SnapshotEntry): string[] {
  const { kind, mode, uid, gid, size, modifiedAtMs, name, linkTarget } = entry;
  const shown = `${name}${kind === "directory" ? "/" : ""}${linkTarget === null ? "" : ` -> ${linkTarget}`}`;
  return [
    formatMode(kind, mode),
    `${uid}:${gid}`,
    kind === "file" ? formatBytes(size) : "-",
    formatMoment(modifiedAtMs),
    shown,
  ];
}
