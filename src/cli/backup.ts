import type { Command } from "commander";
import { API_LIMITS } from "../api/limits.ts";
import type { Text } from "../ports/flow.ts";
import { string } from "../runtime/setting-kinds.ts";
import { defineCommand } from "./define-command.ts";
import { concludeJob } from "./job-outcome.ts";
import type { ExitCode } from "./output.ts";
import { findHost } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: { en: "back up directories of a host", ja: "ホストのディレクトリをバックアップ" },
  directories: { en: "absolute paths on that host", ja: "そのホスト上の絶対パス" },
  exclude: {
    en: "leave out paths that match this pattern (may be repeated)",
    ja: "このパターンに一致するパスを除外(複数指定可)",
  },
  tag: { en: "a word to find the snapshot by (may be repeated)", ja: "スナップショットに付けるタグ(複数指定可)" },
  wait: { en: "wait until it is done, with progress", ja: "進捗を表示しながら完了まで待つ" },
  notes: {
    en: "Exit code with --wait: 0 done, 3 done but some entries could not be read, 1 failed.",
    ja: "--wait の終了コード: 0 完了、3 一部のファイルを読めずに完了、1 失敗。",
  },
} as const satisfies Record<string, Text>;

/** `rusuban backup HOST DIR…`. */
export function backupCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "backup",
    about: WORDS.about,
    arguments: [
      ["<host>", SHARED.hostArgument],
      ["<directory...>", WORDS.directories],
    ],
    options: [
      { flags: "--exclude <pattern>", about: WORDS.exclude, isRepeatable: true },
      {
        flags: "--tag <tag>",
        about: WORDS.tag,
        isRepeatable: true,
        kind: string({ lengthMax: API_LIMITS.tag }),
      },
      { flags: "--wait", about: WORDS.wait },
    ],
    examples: [
      "rusuban backup web1 /etc /var/www --wait",
      "rusuban backup web1 /home --exclude '*.iso' --tag before-update",
    ],
    notes: WORDS.notes,
    run: backup,
  });
}

async function backup(
  session: Session,
  ref: string,
  paths: string[],
  { exclude, tag, wait = false }: { exclude?: string[]; tag?: string[]; wait?: boolean },
): Promise<ExitCode> {
  const api = await session.api();
  const host = await findHost(session, api, ref);
  const job = await api.backupStart({ body: { host: host.id, paths, excludes: exclude, tags: tag } });
  return concludeJob(session, api, { job, wait });
}
