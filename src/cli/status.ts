import type { Command } from "commander";
import type { ManagerStatus } from "../api/status-routes.ts";
import { SEVERITIES, type Severity } from "../model/alert.ts";
import { HOST_STATES } from "../model/host.ts";
import type { Text } from "../ports/flow.ts";
import { defineCommand } from "./define-command.ts";
import type { Cell } from "./output.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { HOST_STATE_WORDS, SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "show the manager: version, counts, listeners",
    ja: "マネージャの状態(バージョン、件数、待ち受けポート)を表示",
  },
  flow: { en: "FLOW", ja: "フロー" },
  address: { en: "ADDRESS", ja: "アドレス" },
  port: { en: "PORT", ja: "ポート" },
  state: { en: "STATE", ja: "状態" },
  listening: { en: "listening", ja: "待ち受け中" },
  closed: { en: "not open: {problem}", ja: "開いていません: {problem}" },
  jobs: { en: "{running} running, {queued} queued", ja: "実行中 {running}、待機中 {queued}" },
} as const satisfies Record<string, Text>;

const FACTS = {
  version: { en: "Version", ja: "バージョン" },
  manager: { en: "Manager", ja: "マネージャ" },
  running: { en: "Running for", ja: "稼働時間" },
  hosts: { en: "Hosts", ja: "ホスト" },
  alerts: { en: "Open alerts", ja: "未確認の通報" },
  jobs: { en: "Jobs", ja: "ジョブ" },
  snapshots: { en: "Snapshots", ja: "スナップショット" },
} as const satisfies Record<string, Text>;

/** `rusuban status`. */
export function statusCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "status",
    about: WORDS.about,
    examples: ["rusuban status", "rusuban status --json"],
    run: async (session) => {
      const status = await (await session.api()).status();
      session.result(status, () => showStatus(session, status));
    },
  });
}

function showStatus(session: Session, { version, managerId, uptimeSeconds, counts, flows }: ManagerStatus): void {
  session.facts([
    [FACTS.version, version],
    [FACTS.manager, managerId],
    [FACTS.running, formatDuration(uptimeSeconds * 1_000, session.language)],
    [FACTS.hosts, hostCounts(session, counts)],
    [FACTS.alerts, openAlerts(session, counts)],
    [FACTS.jobs, session.say(WORDS.jobs, counts.jobs)],
    [FACTS.snapshots, formatCount(counts.snapshots)],
  ]);
  session.print("");
  session.table(
    [WORDS.flow, WORDS.address, WORDS.port, WORDS.state],
    flows.map(({ flow, address, port, transport, listening, problem }) => [
      flow,
      address,
      `${port}/${transport}`,
      listening
        ? { text: session.say(WORDS.listening), style: "green" }
        : { text: session.say(WORDS.closed, { problem: problem ?? "?" }), style: "red" },
    ]),
  );
}

function hostCounts(session: Session, { hosts }: ManagerStatus["counts"]): string {
  const parts = HOST_STATES.filter((state) => hosts[state] > 0).map(
    (state) => `${session.say(HOST_STATE_WORDS[state])} ${formatCount(hosts[state])}`,
  );
  return parts.length === 0 ? session.say(SHARED.none) : parts.join(", ");
}

/** Worst first, each in its colour. */
function openAlerts(session: Session, { openAlertsBySeverity: counts }: ManagerStatus["counts"]): Cell[] {
  const severities = (Object.keys(SEVERITIES) as Severity[]).reverse().filter((severity) => counts[severity] > 0);
  const cells = severities.map((severity) => {
    const { text, style } = session.severity(severity);
    return { text: `${text} ${formatCount(counts[severity])}`, style };
  });
  return cells.length === 0 ? [session.say(SHARED.none)] : cells;
}
