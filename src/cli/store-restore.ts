import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import type { ExtractAction, ExtractProgress, ExtractResult, Overwrite } from "../archive/extract-options.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { codeOf, reasonOf } from "../runtime/errors.ts";
import { systemRandom } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import type { Snapshot } from "../store/snapshot.ts";
import { DRY_RUN_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { createProgressLine, createRate } from "./progress-line.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { pathJson, pathText } from "./store-bytes.ts";
import { chooseSnapshot, type SnapshotFilter } from "./store-choice.ts";
import { type OpenedStore, type StoreOptions, withStore } from "./store-opening.ts";
import { problemJson, tellProblems } from "./store-problems.ts";
import { FILTER_OPTIONS, PASSPHRASE_OPTION, SNAPSHOT_ARGUMENT, STORE_ARGUMENT } from "./store-words.ts";

const WORDS = {
  about: {
    en: "restore a snapshot, or some paths of it, below a directory",
    ja: "スナップショット(またはその一部)を復元",
  },
  paths: { en: "paths in the snapshot; all of it where none is given", ja: "スナップショット内のパス(省略時はすべて)" },
  to: {
    en: "where: /etc/hosts becomes DIRECTORY/etc/hosts",
    ja: "復元先。/etc/hosts は DIRECTORY/etc/hosts になります",
  },
  rawPath: {
    en: "a path by its bytes in base64, as --json gives them (may be repeated)",
    ja: "base64 で表したパス(--json の出力形式、複数指定可)",
  },
  exclude: { en: "leave out what matches (may be repeated)", ja: "一致するものを除外(複数指定可)" },
  overwrite: {
    en: "what is there already: stays, is replaced where it differs, is always replaced",
    ja: "既存ファイルの扱い: そのまま、相違があれば置換、常に置換",
  },
  notes: {
    en: "Existing files stay as they are unless --overwrite says otherwise. What could not be restored as it was (owners need\nroot) is listed: exit code 3. Nothing is ever written outside the directory, whatever the snapshot holds.",
    ja: "--overwrite を指定しない限り、既存ファイルは変更されません。元どおりに復元できないもの(所有者の復元には root が必要)は\n一覧に表示します(終了コード 3)。復元先ディレクトリの外には何も書き込みません。",
  },
  progress: {
    en: "{files} files  {bytes}  {rate}/s",
    ja: "{files} ファイル  {bytes}  {rate}/秒",
  },
  progressOf: {
    en: "{files} files  {bytes} of {total}  {rate}/s  {left} left",
    ja: "{files} ファイル  {bytes} / {total}  {rate}/秒  残り {left}",
  },
  done: {
    en: "restored {files} files, {bytes} below {target}, in {took}",
    ja: "{files} ファイル、{bytes} を {target} に復元しました(所要 {took})",
  },
  leftAlone: { en: "{unchanged} unchanged, {skipped} left alone", ja: "変更なし {unchanged}、既存を維持 {skipped}" },
  replaceThem: {
    en: "{skipped} files were there already and stayed; --overwrite changed would replace those that differ.",
    ja: "既存の {skipped} ファイルは変更していません。--overwrite changed で相違のあるものを置き換えます。",
  },
  wouldBe: {
    en: "would create {create}, replace {replace}, leave {unchanged} unchanged, leave {skip} alone",
    ja: "作成 {create}、置換 {replace}、変更なし {unchanged}、既存を維持 {skip}",
  },
  noRoom: { en: "{target} takes no more: {problem}", ja: "{target} に書き込めません: {problem}" },
  makeRoom: {
    en: "make room there or give another directory; `--overwrite changed` goes on without writing again what is there",
    ja: "空きを作るか別の復元先を指定してください。`--overwrite changed` を付けると続きから復元できます",
  },
  interrupted: {
    en: "stopped: what has been restored stays. `--overwrite changed` goes on without writing that again.",
    ja: "中止しました。復元済みのファイルは残っています。`--overwrite changed` を付けると続きから復元できます。",
  },
} as const satisfies Record<string, Text>;

const ACTION_WORDS: Readonly<Record<ExtractAction, Text>> = {
  create: { en: "create     {path}", ja: "作成        {path}" },
  replace: { en: "replace    {path}", ja: "置換        {path}" },
  unchanged: { en: "unchanged  {path}", ja: "変更なし    {path}" },
  skip: { en: "leave      {path}", ja: "既存を維持  {path}" },
};

/** What ends a restore on the side of its target: reading a store meets none of these. */
const TARGET_CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

interface Options extends StoreOptions, SnapshotFilter {
  readonly to: string;
  readonly exclude?: string[];
  readonly rawPath?: string[];
  readonly overwrite?: Overwrite;
  readonly dryRun?: boolean;
}

/** `rusuban store restore STORE SNAPSHOT [PATH…] --to DIR`. */
export function storeRestoreCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "restore",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT, SNAPSHOT_ARGUMENT, ["[path...]", WORDS.paths]],
    options: [
      { flags: "--to <directory>", about: WORDS.to, isRequired: true },
      { flags: "--raw-path <base64>", about: WORDS.rawPath, isRepeatable: true },
      { flags: "--exclude <pattern>", about: WORDS.exclude, isRepeatable: true },
      { flags: "--overwrite <rule>", about: WORDS.overwrite, choices: ["never", "changed", "always"] },
      DRY_RUN_OPTION,
      ...FILTER_OPTIONS,
      PASSPHRASE_OPTION,
    ],
    examples: [
      "rusuban store restore /mnt/disk/backups latest --to /tmp/restored",
      "rusuban store restore /mnt/disk/backups 0193a1b2 /etc/nginx --to / --overwrite changed --dry-run",
    ],
    notes: WORDS.notes,
    run: restore,
  });
}

function restore(session: Session, place: string, ref: string, texts: string[], options: Options): Promise<ExitCode> {
  const { to: target, rawPath = [], dryRun = false } = options;
  const paths = [...texts, ...rawPath.map((text) => Buffer.from(text, "base64"))];
  return withStore(session, place, { ...options, interrupted: WORDS.interrupted }, async (opened) => {
    const { clock } = session.world;
    const begunAt = clock.monotonic();
    const snapshot = chooseSnapshot(session, opened.store.listSnapshots(), { ref, store: place, filter: options });
    const plan = createPlan(session, dryRun);
    const { stats, problems } = await extractSnapshot(session, opened, {
      snapshot,
      paths,
      options,
      onEntry: plan.note,
    });
    const result = {
      ...{ snapshot: snapshot.id, target, dryRun, ...stats, problemCount: stats.problems },
      ...(dryRun ? { entries: plan.entries } : {}),
      problems: problems.map(problemJson),
    };
    session.result(result, () => {
      if (dryRun) return session.tell(WORDS.wouldBe, plan.counts);
      const { files, bytes, skipped, unchanged } = stats;
      const took = formatDuration(clock.monotonic() - begunAt, session.language);
      const made = formatCount(files - unchanged);
      session.print(session.say(WORDS.done, { files: made, bytes: formatBytes(bytes), target, took }));
      const alone = { unchanged: formatCount(unchanged), skipped: formatCount(skipped) };
      if (unchanged > 0) session.tell(WORDS.leftAlone, alone);
      else if (skipped > 0) session.tell(WORDS.replaceThem, alone);
    });
    tellProblems(session, problems, stats.problems);
    return stats.problems > 0 ? EXIT.partly : EXIT.done;
  });
}

/** Of a dry run every entry that would change is a line; what would stay as it is, is counted. */
function createPlan(session: Session, dryRun: boolean) {
  const counts: Record<ExtractAction, number> = { create: 0, replace: 0, unchanged: 0, skip: 0 };
  const entries: object[] = [];
  const note = ({ path, action }: { path: Buffer; action: ExtractAction }) => {
    counts[action]++;
    if (session.json) entries.push({ ...pathJson(path), action });
    else if (action !== "unchanged") session.print(session.say(ACTION_WORDS[action], { path: pathText(path) }));
  };
  return { counts, entries, note: dryRun ? note : undefined };
}

async function extractSnapshot(
  session: Session,
  { store, signal }: OpenedStore,
  request: {
    readonly snapshot: Snapshot;
    readonly paths: readonly (string | Buffer)[];
    readonly options: Options;
    readonly onEntry: ((entry: { path: Buffer; action: ExtractAction }) => void) | undefined;
  },
): Promise<ExtractResult> {
  const { snapshot, paths, options, onEntry } = request;
  const { clock } = session.world;
  // What a restore allocates is short-lived: a young generation that grows with it would keep 20 MB and win nothing.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { extract } = await import("../archive/extractor.ts");
  const { measureSelection } = await import("../archive/selection-size.ts");
  const source: ChunkSource = {
    read: (kind, id) => store.read(kind, id),
    readEncoded: (kind, id) => store.readEncoded(kind, id),
  };
  const line = createProgressLine(session.world);
  const rateOf = createRate(() => clock.monotonic());
  let total = paths.length === 0 && options.exclude === undefined ? snapshot.stats.bytes : undefined;
  const excludes = options.exclude ?? [];
  // What lies above the asked paths was never asked for.
  const wanted = paths.length === 0 ? snapshot.paths : paths;
  const measuring = new AbortController();
  // Of a part one learns the size only by walking it, which goes on beside the restore and is much faster.
  const measured =
    total === undefined
      ? measureSelection({ source, root: snapshot.root, paths: wanted, excludes, signal: measuring.signal }).then(
          (bytes) => {
            total = bytes;
          },
          () => {}, // The restore itself tells what is wrong, or has ended.
        )
      : undefined;
  try {
    return await extract({
      source,
      chunking: store.chunking,
      root: snapshot.root,
      paths: wanted,
      excludes,
      target: options.to,
      overwrite: options.overwrite ?? "never",
      dryRun: options.dryRun === true,
      clock,
      random: systemRandom,
      signal,
      onEntry,
      onProgress(progress) {
        const text = progressText(session, progress, { total, rate: rateOf(progress.bytes) });
        line.show(text, progress.current === undefined ? "" : pathText(progress.current));
      },
    });
  } catch (error) {
    if (!TARGET_CODES.has(codeOf(error))) throw error;
    const values = { target: options.to, problem: reasonOf(error) };
    throw session.failure("no-room", WORDS.noRoom, { hint: WORDS.makeRoom, values });
  } finally {
    measuring.abort();
    await measured;
    line.clear();
  }
}

function progressText(
  session: Session,
  { files, bytes }: ExtractProgress,
  { total, rate }: { total: number | undefined; rate: number },
): string {
  const sizes = { files: formatCount(files), bytes: formatBytes(bytes), rate: formatBytes(rate) };
  if (total === undefined || rate === 0) return session.say(WORDS.progress, sizes);
  const left = formatDuration((Math.max(0, total - bytes) * 1_000) / rate, session.language);
  return session.say(WORDS.progressOf, { ...sizes, total: formatBytes(total), left });
}
