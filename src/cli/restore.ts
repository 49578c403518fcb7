import type { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { OverwriteRule } from "../api/job-routes.ts";
import type { Job } from "../model/job.ts";
import type { Text } from "../ports/flow.ts";
import { defineCommand } from "./define-command.ts";
import { printLog } from "./job-log.ts";
import { concludeJob, exitOf } from "./job-outcome.ts";
import { awaitJob } from "./job-progress.ts";
import type { ExitCode } from "./output.ts";
import { findHost, findSnapshot } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "restore a snapshot, or some paths of it, below a directory",
    ja: "スナップショット(またはその一部)を指定ディレクトリの下に復元",
  },
  paths: { en: "paths in the snapshot; all of it where none is given", ja: "スナップショット内のパス(省略時はすべて)" },
  to: {
    en: "directory on the host; whole paths are restored below it",
    ja: "復元先ディレクトリ(元のパスがこの下に作られます)",
  },
  host: {
    en: "host to restore on; the snapshot's own where not given",
    ja: "復元先ホスト(省略時はスナップショットのホスト)",
  },
  overwrite: { en: "what happens to files that exist already", ja: "既存ファイルの扱い" },
  rawPath: {
    en: "a path by its bytes in base64, as `snapshot ls --json` gives them (may be repeated)",
    ja: "base64 で表したパス(`snapshot ls --json` の出力形式、複数指定可)",
  },
  dryRun: { en: "only list what would be done", ja: "実行せず、何が行われるかを一覧表示" },
  wait: { en: "wait until it is done, with progress", ja: "進捗を表示しながら完了まで待つ" },
  notes: {
    en: "`latest` is the newest snapshot of the host given with --host, and is restored there; to restore it on another\nhost give its id. Existing files are left alone unless --overwrite always.\nExit code with --wait or --dry-run: 0 done, 3 done but some entries could not be restored, 1 failed.",
    ja: "latest は --host で指定したホストの最新スナップショットで、そのホストに復元されます。別のホストに復元するには\nID を指定してください。既存ファイルは --overwrite always を付けない限り変更されません。\n--wait または --dry-run の終了コード: 0 完了、3 一部を復元できずに完了、1 失敗。",
  },
} as const satisfies Record<string, Text>;

interface Options {
  readonly to: string;
  readonly host?: string;
  readonly overwrite?: OverwriteRule;
  readonly rawPath?: string[];
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

/** `rusuban restore SNAPSHOT [PATH…] --to DIR`. */
export function restoreCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "restore",
    about: WORDS.about,
    arguments: [
      ["<snapshot>", SHARED.snapshotArgument],
      ["[path...]", WORDS.paths],
    ],
    options: [
      { flags: "--to <directory>", about: WORDS.to, isRequired: true },
      { flags: "--host <host>", about: WORDS.host },
      { flags: "--overwrite <rule>", about: WORDS.overwrite, choices: ["never", "always"] satisfies OverwriteRule[] },
      { flags: "--raw-path <base64>", about: WORDS.rawPath, isRepeatable: true },
      { flags: "--dry-run", about: WORDS.dryRun },
      { flags: "--wait", about: WORDS.wait },
    ],
    examples: [
      "rusuban restore 0193a1b2 /etc/nginx --to /tmp/restored --wait",
      "rusuban restore latest --host web1 --to / --overwrite always --dry-run",
    ],
    notes: WORDS.notes,
    run: restore,
  });
}

async function restore(session: Session, ref: string, paths: string[], options: Options): Promise<ExitCode> {
  const { to, rawPath: rawPaths, overwrite, dryRun = false, wait = false } = options;
  const api = await session.api();
  const snapshot = await findSnapshot(session, api, { ref, host: options.host });
  const host = options.host === undefined ? undefined : (await findHost(session, api, options.host)).id;
  const job = await api.restoreStart({
    body: {
      snapshot: snapshot.id,
      ...(paths.length === 0 ? {} : { paths }),
      rawPaths,
      target: to,
      host,
      overwrite,
      dryRun,
    },
  });
  return dryRun ? tellPlan(session, api, job) : concludeJob(session, api, { job, wait });
}

/** A dry run's outcome is its log. */
async function tellPlan(session: Session, api: ApiClient, job: Job): Promise<ExitCode> {
  const ended = await awaitJob(session, api, job);
  await printLog(session, api, ended, { follow: false });
  return exitOf(ended.state);
}
