import { hostname } from "node:os";
import type { Command } from "commander";
import type { ArchiveProgress, ArchiveResult } from "../archive/archiver.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { VERSION } from "../runtime/package.ts";
import { createUuid, systemRandom } from "../runtime/random.ts";
import type { Snapshot } from "../store/snapshot.ts";
import { defineCommand } from "./define-command.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { createProgressLine, createRate } from "./progress-line.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { pathText } from "./store-bytes.ts";
import { chooseSnapshot, findParent, snapshotJson } from "./store-choice.ts";
import { type OpenedStore, type StoreOptions, withStore } from "./store-opening.ts";
import { problemJson, tellProblems } from "./store-problems.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT } from "./store-words.ts";

const WORDS = {
  about: { en: "back up files and directories into a store", ja: "ファイルやディレクトリをストアにバックアップ" },
  paths: { en: "files and directories", ja: "ファイルまたはディレクトリ" },
  exclude: {
    en: "leave out what matches: `*.tmp`, `/home/*/.cache` (may be repeated; `!` takes back)",
    ja: "一致するものを除外: `*.tmp`、`/home/*/.cache`(複数指定可、先頭の `!` で取り消し)",
  },
  oneFileSystem: { en: "stay on the file systems of the paths", ja: "指定したパスのファイルシステムから出ない" },
  excludeCaches: {
    en: "leave out directories marked by a CACHEDIR.TAG, but for that file",
    ja: "CACHEDIR.TAG のあるディレクトリの中身を除外",
  },
  accessTimes: { en: "keep access times, too (slower)", ja: "アクセス日時も保存(低速)" },
  tag: { en: "a tag for the snapshot (may be repeated)", ja: "スナップショットに付けるタグ(複数指定可)" },
  host: {
    en: "whose files they are; this computer's name where not given",
    ja: "ホスト名(省略時はこのコンピュータ名)",
  },
  parent: {
    en: "snapshot to take unchanged files from; the newest of the same host and paths where not given",
    ja: "変更のないファイルの参照元スナップショット(省略時は同じホスト・同じパスの最新)",
  },
  force: { en: "read every file, changed or not", ja: "変更の有無にかかわらず全ファイルを読む" },
  notes: {
    en: "A file is taken as unchanged while its size, its times and its inode are. What cannot be read is listed, and the\nrest is kept: exit code 3. The store itself is left out. Ctrl-C makes no snapshot and leaves the store good.",
    ja: "サイズ・日時・inode が変わらないファイルは変更なしとみなします。読めないものは一覧に表示し、残りを保存します\n(終了コード 3)。ストア自身は除外されます。Ctrl-C で中止してもストアは壊れません。",
  },
  progress: {
    en: "{files} files  {bytes}  {rate}/s  new {added}",
    ja: "{files} ファイル  {bytes}  {rate}/秒  増分 {added}",
  },
  progressProblems: { en: "{progress}  problems {problems}", ja: "{progress}  問題 {problems}" },
  done: {
    en: "snapshot {id}: {files} files, {bytes}; new {fresh}, stored as {added}; in {took}",
    ja: "スナップショット {id}: {files} ファイル、{bytes}、新規 {fresh}、格納 {added}、所要 {took}",
  },
  interrupted: {
    en: "stopped: no snapshot was made. The store is good, and the next backup uses what has been stored already.",
    ja: "中止しました。スナップショットは作成していません。ストアは正常で、保存済みの分は次回のバックアップで再利用されます。",
  },
} as const satisfies Record<string, Text>;

interface Options extends StoreOptions {
  readonly exclude?: string[];
  readonly oneFileSystem?: boolean;
  readonly excludeCaches?: boolean;
  readonly accessTimes?: boolean;
  readonly tag?: string[];
  readonly host?: string;
  readonly parent?: string;
  readonly force?: boolean;
}

/** `rusuban store backup STORE PATH…`. */
export function storeBackupCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "backup",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT, ["<path...>", WORDS.paths]],
    options: [
      { flags: "--exclude <pattern>", about: WORDS.exclude, isRepeatable: true },
      { flags: "--one-file-system", about: WORDS.oneFileSystem },
      { flags: "--exclude-caches", about: WORDS.excludeCaches },
      { flags: "--access-times", about: WORDS.accessTimes },
      { flags: "--tag <tag>", about: WORDS.tag, isRepeatable: true },
      { flags: "--host <name>", about: WORDS.host },
      { flags: "--parent <snapshot>", about: WORDS.parent },
      { flags: "--force", about: WORDS.force },
      PASSPHRASE_OPTION,
    ],
    examples: [
      "rusuban store backup /mnt/disk/backups /etc /home",
      "rusuban store backup /mnt/disk/backups / --one-file-system --exclude /var/cache --exclude '*.tmp' --tag daily",
    ],
    notes: WORDS.notes,
    run: backup,
  });
}

function backup(session: Session, place: string, paths: string[], options: Options): Promise<ExitCode> {
  const meanwhile = () => void loadModules().catch(() => {});
  return withStore(session, place, { ...options, interrupted: WORDS.interrupted, meanwhile }, async (opened) => {
    const { clock } = session.world;
    const begunAt = clock.monotonic();
    const { snapshot, result } = await backUp(session, opened, { modules: await loadModules(), place, paths, options });
    const problems = result.problems.map(problemJson);
    session.result({ snapshot: snapshotJson(snapshot), problems, problemCount: result.stats.problems }, () => {
      const { files, bytes, newBytes, storedBytes } = snapshot.stats;
      const sizes = { bytes: formatBytes(bytes), fresh: formatBytes(newBytes), added: formatBytes(storedBytes) };
      const took = formatDuration(clock.monotonic() - begunAt, session.language);
      session.print(session.say(WORDS.done, { id: snapshot.id, files: formatCount(files), ...sizes, took }));
    });
    tellProblems(session, result.problems, result.stats.problems);
    return result.stats.problems > 0 ? EXIT.partly : EXIT.done;
  });
}

type Modules = Awaited<ReturnType<typeof loadModules>>;

function loadModules() {
  return Promise.all([
    import("../archive/archiver.ts"),
    import("../archive/session-sink.ts"),
    import("../archive/exclude-rules.ts"),
    import("../archive/selection.ts"),
  ]);
}

async function backUp(
  session: Session,
  { store, path, signal }: OpenedStore,
  { modules, place, paths, options }: { modules: Modules; place: string; paths: readonly string[]; options: Options },
): Promise<{ snapshot: Snapshot; result: ArchiveResult }> {
  const [{ archive }, { createSessionSink }, { patternOfPath }, { createSelection }] = modules;
  const { clock } = session.world;
  const { host: hostName = hostname(), force = false, exclude = [], tag: tags = [] } = options;
  const snapshots = store.listSnapshots();
  const parent =
    options.parent !== undefined
      ? chooseSnapshot(session, snapshots, { ref: options.parent, store: place })
      : force
        ? undefined
        : findParent(snapshots, { hostName, paths: createSelection(paths).paths });
  const startedAtMs = clock.now();
  const storeSession = await store.openSession({ hostId: hostName, scope: "store" });
  const line = createProgressLine(session.world);
  const rateOf = createRate(() => clock.monotonic());
  try {
    const sink = createSessionSink(storeSession);
    const result = await archive({
      roots: paths,
      // Taking itself in, the store would grow with every backup.
      excludes: [...exclude, patternOfPath(path)],
      oneFileSystem: options.oneFileSystem === true,
      excludeCaches: options.excludeCaches === true,
      accessTimes: options.accessTimes === true,
      chunking: store.chunking,
      sink,
      parent: parent === undefined ? undefined : { root: parent.root, source: sink },
      clock,
      random: systemRandom,
      signal,
      onProgress: (progress) => line.show(progressText(session, progress, rateOf(progress.bytes)), currentOf(progress)),
    });
    signal.throwIfAborted();
    const { root, stats } = result;
    const snapshot = await storeSession.commit({
      id: createUuid({ clock, random: systemRandom }),
      ...{ hostId: hostName, hostName, jobId: "", paths: result.paths, root, stats, tags },
      ...{ startedAtMs, finishedAtMs: clock.now(), parent: parent?.id },
      ...{ managerVersion: "", agentVersion: VERSION },
    });
    return { snapshot, result };
  } finally {
    line.clear();
    storeSession.close();
  }
}

/** What is being read just now. */
function currentOf({ current }: ArchiveProgress & { readonly current?: Buffer | undefined }): string {
  return current === undefined ? "" : pathText(current);
}

function progressText(session: Session, { files, bytes, newBytes, problems }: ArchiveProgress, rate: number): string {
  const sizes = { bytes: formatBytes(bytes), rate: formatBytes(rate), added: formatBytes(newBytes) };
  const progress = session.say(WORDS.progress, { files: formatCount(files), ...sizes });
  if (problems === 0) return progress;
  return session.say(WORDS.progressProblems, { progress, problems: formatCount(problems) });
}
