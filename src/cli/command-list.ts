// Every command by name, with its sentence for `rusuban --help` and the file to load when it is called: `rusuban ports
// list` loads neither the API contract nor what `up` needs.

import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import type { Cli } from "./session.ts";
import { defaultDataDirectory } from "./world.ts";

export interface ListedCommand {
  readonly name: string;
  readonly about: Text;
  readonly load: () => Promise<(cli: Cli) => Command>;
}

export const COMMANDS: readonly ListedCommand[] = [
  {
    name: "up",
    about: {
      en: "manager and agent for this computer: watch, report, back up",
      ja: "このコンピュータでマネージャとエージェントを起動(監視・通報・バックアップ)",
    },
    load: async () => (await import("./up.ts")).upCommand,
  },
  {
    name: "manager",
    about: { en: "run or set up a manager", ja: "マネージャの起動と設定" },
    load: async () => (await import("./manager.ts")).managerCommand,
  },
  {
    name: "agent",
    about: { en: "run or enrol an agent", ja: "エージェントの起動と登録" },
    load: async () => (await import("./agent.ts")).agentCommand,
  },
  {
    name: "status",
    about: { en: "the manager: version, counts, listeners", ja: "マネージャの状態" },
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "host",
    about: { en: "the servers that are minded", ja: "監視・保護しているサーバ" },
    load: async () => (await import("./host.ts")).hostCommand,
  },
  {
    name: "maintenance",
    about: {
      en: "times in which alerts are kept, but bother nobody",
      ja: "メンテナンス時間(通報を記録だけする時間帯)",
    },
    load: async () => (await import("./maintenance.ts")).maintenanceCommand,
  },
  {
    name: "alert",
    about: { en: "what went wrong: the inbox of alerts", ja: "通報の受信箱" },
    load: async () => (await import("./alert.ts")).alertCommand,
  },
  {
    name: "backup",
    about: { en: "back up directories of a host", ja: "ホストのディレクトリをバックアップ" },
    load: async () => (await import("./backup.ts")).backupCommand,
  },
  {
    name: "restore",
    about: { en: "restore a snapshot, or some paths of it", ja: "スナップショット(またはその一部)を復元" },
    load: async () => (await import("./restore.ts")).restoreCommand,
  },
  {
    name: "snapshot",
    about: { en: "finished backups", ja: "バックアップ済みのスナップショット" },
    load: async () => (await import("./snapshot.ts")).snapshotCommand,
  },
  {
    name: "job",
    about: { en: "backups and restores under way and past", ja: "バックアップと復元のジョブ" },
    load: async () => (await import("./job.ts")).jobCommand,
  },
  {
    name: "store",
    about: {
      en: "a store by itself, no manager needed: back up, restore, check",
      ja: "マネージャなしで使うストア(バックアップ・復元・検査)",
    },
    load: async () => (await import("./store.ts")).storeCommand,
  },
  {
    name: "console",
    about: { en: "the web console", ja: "Web コンソール" },
    load: async () => (await import("./console.ts")).consoleCommand,
  },
  {
    name: "account",
    about: { en: "who may sign in to the web console", ja: "Web コンソールにサインインするアカウント" },
    load: async () => (await import("./account.ts")).accountCommand,
  },
  {
    name: "ports",
    about: { en: "every port: which, from whom to whom, what for", ja: "使用する全ポートの一覧と説明" },
    load: loadPorts,
  },
  {
    name: "firewall",
    about: { en: "exact firewall rules for every host", ja: "ホストごとの正確なファイアウォール規則" },
    load: async () => (await import("./firewall.ts")).firewallCommand,
  },
  {
    name: "doctor",
    about: {
      en: "which port is closed, where, and what opens it",
      ja: "どのポートがどこで閉じているか、どう開けるかを診断",
    },
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "cim",
    about: {
      en: "any CIM server, over CIM-XML or WS-Management",
      ja: "CIM サーバの参照と操作(CIM-XML・WS-Management)",
    },
    load: async () => (await import("./cim.ts")).cimCommand,
  },
  {
    name: "completion",
    about: { en: "completion for bash or zsh", ja: "bash・zsh 用の補完スクリプト" },
    load: async () => (await import("./completion.ts")).completionCommand,
  },
];

/** The ports as environment and settings files have moved them: the manager's file for what it listens on, the agent's for the rest. */
async function loadPorts(): Promise<(cli: Cli) => Command> {
  const [{ portsCommand }, { portBookOf }, { loadSettings }, { MANAGER_SETTINGS }, { AGENT_SETTINGS }] =
    await Promise.all([
      import("./ports.ts"),
      import("../net/port-settings.ts"),
      import("../runtime/settings.ts"),
      import("../manager/settings.ts"),
      import("../agent/settings.ts"),
    ]);
  const { flowOf, FLOW_KEYS } = await import("../ports/port-map.ts");
  return ({ world, language }) =>
    portsCommand({
      output: world.output,
      env: { ...world.env, LC_ALL: language }, // --lang, where it stood before the command.
      portBook(data = defaultDataDirectory(world)) {
        const { env } = world;
        const manager: Record<string, unknown> = loadSettings(MANAGER_SETTINGS, { env, file: `${data}/manager.toml` });
        const agent: Record<string, unknown> = loadSettings(AGENT_SETTINGS, { env, file: `${data}/agent.toml` });
        const values = FLOW_KEYS.map((key) => [
          `ports.${key}`,
          (flowOf(key).listener === "agent" ? agent : manager)[`ports.${key}`],
        ]);
        return portBookOf(Object.fromEntries(values), 1);
      },
    });
}
