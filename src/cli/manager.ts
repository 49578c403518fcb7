import { join } from "node:path";
import type { Command } from "commander";
import { MANAGER_SETTINGS } from "../manager/settings.ts";
import type { Text } from "../ports/flow.ts";
import { PACKAGE_FOLDER } from "../runtime/package.ts";
import { systemRandom } from "../runtime/random.ts";
import { runUntilStopped } from "../runtime/supervised.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { prepareProgram, SET_OPTION } from "./program-settings.ts";
import type { Cli, Session } from "./session.ts";
import { windowsPolicyCommand } from "./windows-policy.ts";

const WORDS = {
  group: { en: "the manager of this data folder", ja: "このデータフォルダのマネージャ" },
  run: {
    en: "run the manager until it is stopped; the first run sets it up",
    ja: "マネージャを実行(初回は初期設定も行います)",
  },
  init: {
    en: "set the manager up without running it: authority, database, store, administrator's certificate",
    ja: "マネージャを実行せずに初期設定(認証局・データベース・ストア・管理者証明書)",
  },
  made: {
    en: "The manager {managerId} is set up in {directory}.",
    ja: "マネージャ {managerId} を {directory} に設定しました。",
  },
  keep: {
    en: "Keep a copy of {file} in another place: without it, backups cannot be read once this computer is lost.",
    ja: "{file} のコピーを別の場所に保管してください。このコンピュータを失うと、それなしではバックアップを読めません。",
  },
  settings: { en: "Settings: {file}", ja: "設定ファイル: {file}" },
} as const satisfies Record<string, Text>;

type Options = { set?: readonly string[] };

export function managerCommand(cli: Cli): Command {
  return defineGroup(cli, "manager", WORDS.group, [
    defineCommand(cli, {
      name: "run",
      about: WORDS.run,
      options: [SET_OPTION],
      examples: ["rusuban manager run", "rusuban manager run --data /var/lib/rusuban --set listen.host=192.0.2.10"],
      run,
    }),
    defineCommand(cli, {
      name: "init",
      about: WORDS.init,
      options: [SET_OPTION],
      examples: ["rusuban manager init --data /var/lib/rusuban"],
      run: init,
    }),
    windowsPolicyCommand(cli),
  ]);
}

async function prepare(session: Session, { set }: Options) {
  const { managerFiles } = await import("../manager/manager-data.ts");
  const files = managerFiles(session.dataDirectory);
  const { settings, log } = prepareProgram(MANAGER_SETTINGS, {
    name: "manager",
    file: files.settings,
    flags: set,
    world: session.world,
  });
  return { files, settings, log };
}

async function run(session: Session, options: Options): Promise<ExitCode> {
  const { settings, log } = await prepare(session, options);
  const { createManager } = await import("../manager/manager.ts");
  const manager = createManager({
    dataDirectory: session.dataDirectory,
    settings,
    consoleFolder: join(PACKAGE_FOLDER, "dist/console"),
    clock: session.world.clock,
    random: systemRandom,
    log,
  });
  return (await runUntilStopped(manager, log)) === 0 ? EXIT.done : EXIT.failed;
}

async function init(session: Session, options: Options): Promise<void> {
  const { files, settings, log } = await prepare(session, options);
  const { openManagerData, reachableAddresses, writeAdministratorLink } = await import("../manager/manager-data.ts");
  const { portBookOf } = await import("../net/port-settings.ts");
  const names = reachableAddresses(settings["listen.host"], settings["listen.names"]);
  const port = portBookOf(settings, settings["jobs.concurrent"]).portOf("administration");
  const { dataDirectory } = session;
  const data = await openManagerData({ dataDirectory, names, clock: session.world.clock, random: systemRandom, log });
  const { managerId, authority } = data;
  await writeAdministratorLink(dataDirectory, { address: names.at(-1) ?? "127.0.0.1", port, managerId });
  await data.close();
  session.result(
    {
      managerId,
      authorityFingerprint: authority.fingerprint,
      settingsFile: files.settings,
      passphraseFile: files.passphrase,
    },
    () => {
      session.print(session.say(WORDS.made, { managerId, directory: dataDirectory }));
      session.print(session.say(WORDS.settings, { file: files.settings }));
      session.tell(WORDS.keep, { file: files.passphrase });
    },
  );
}
