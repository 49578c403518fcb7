import { createLog } from "../runtime/create-log.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Log, LogLevel } from "../runtime/log.ts";
import { loadSettings, type Settings, type SettingValues } from "../runtime/settings.ts";
import type { OptionShape } from "./define-command.ts";
import type { World } from "./world.ts";

// What the programs that run (manager, agent, up) share on the command line: settings as flags, and their log.

/** `--set ports.managerReport=31200`, repeatable: any setting, before environment and file. */
export const SET_OPTION: OptionShape = {
  flags: "--set <key=value>",
  about: {
    en: "a setting for this run, before environment and file (repeatable; docs/settings.md lists them)",
    ja: "この実行だけの設定(環境変数と設定ファイルより優先。複数指定可。一覧は docs/settings.md)",
  },
  isRepeatable: true,
};

/** Throws SettingsError for what is not `key=value`. */
export function parseSetFlags(flags: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const at = flag.indexOf("=");
      if (at <= 0) throw new SettingsError("--set", `${JSON.stringify(flag)} is not of the form key=value`);
      return [flag.slice(0, at), flag.slice(at + 1)];
    }),
  );
}

/** Settings and the log they ask for. A flag that names no setting is refused here, as one in the file is. */
export function prepareProgram<S extends Settings & { "log.level": unknown }>(
  declared: S,
  {
    name,
    file,
    flags,
    world,
  }: {
    readonly name: string;
    readonly file: string;
    readonly flags: readonly string[] | undefined;
    readonly world: World;
  },
): { settings: SettingValues<S>; log: Log } {
  const set = parseSetFlags(flags);
  for (const key of Object.keys(set))
    if (!Object.hasOwn(declared, key)) throw new SettingsError(key, "given with --set, is no setting");
  const settings = loadSettings(declared, { flags: set, env: world.env, file });
  const log = createLog({ level: settings["log.level"] as LogLevel, pretty: process.stderr.isTTY === true, name });
  return { settings, log };
}
