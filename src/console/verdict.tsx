import type { ReactNode } from "react";
import type { ManagerStatus } from "../api/status-routes.ts";
import { Failure } from "./failure.tsx";
import { formatCount } from "./format.ts";
import { BackupIcon, BellIcon, CriticalIcon, GoodIcon, RunningIcon, ServerIcon, WarningIcon } from "./icons.tsx";
import { useSpeech, useWords } from "./language.tsx";
import type { Level, Severity, Words } from "./words.ts";

const ICONS: Readonly<Record<Level, ReactNode>> = { good: <GoodIcon />, look: <WarningIcon />, act: <CriticalIcon /> };
const WORST_FIRST: readonly Severity[] = ["fatal", "critical", "major", "minor", "warning", "information"];

/** The first thing to see: one sentence, then four numbers, then what the manager itself lacks. */
export function Verdict({ status, error }: { readonly status: ManagerStatus | undefined; readonly error: unknown }) {
  const { words, language } = useSpeech();
  if (status === undefined)
    return error === null ? <div className="verdict verdict-empty" /> : <Failure error={error} />;
  const level = judge(status);
  const { hosts, alerts, openAlertsBySeverity, jobs, snapshots } = status.counts;
  const minded = hosts.up + hosts.unreachable + hosts.unknown;
  const severities = WORST_FIRST.filter((severity) => openAlertsBySeverity[severity] > 0)
    .slice(0, 2)
    .map((severity) => `${openAlertsBySeverity[severity]} ${words.severity[severity].toLocaleLowerCase(language)}`);
  const count = (number: number) => formatCount(number, language);
  return (
    <section className="verdict" aria-label={words.verdict[level]}>
      <div className={`verdict-head verdict-${level}`}>
        <div className="verdict-icon">{ICONS[level]}</div>
        <div>
          <h1>{words.verdict[level]}</h1>
          <p>{sentence(status, words)}</p>
        </div>
      </div>
      <div className="tiles">
        <Tile
          icon={<ServerIcon />}
          name={words.tiles.hosts}
          value={`${count(hosts.up)} / ${count(minded)}`}
          note={words.tiles.up}
        />
        <Tile icon={<BellIcon />} name={words.tiles.alerts} value={count(alerts.open)} note={severities.join(", ")} />
        <Tile icon={<RunningIcon />} name={words.tiles.jobs} value={count(jobs.running)} note={words.tiles.running} />
        <Tile icon={<BackupIcon />} name={words.tiles.snapshots} value={count(snapshots)} note="" />
      </div>
      <ClosedFlows flows={status.flows} />
    </section>
  );
}

function Tile({
  icon,
  name,
  value,
  note,
}: {
  readonly icon: ReactNode;
  readonly name: string;
  readonly value: string;
  readonly note: string;
}) {
  return (
    <div className="tile">
      <div className="tile-name">
        {icon}
        {name}
      </div>
      <div className="tile-value">{value}</div>
      <div className="tile-note">{note}</div>
    </div>
  );
}

function ClosedFlows({ flows }: { readonly flows: ManagerStatus["flows"] }) {
  const words = useWords();
  const closed = flows.filter((flow) => !flow.listening);
  if (closed.length === 0) return null;
  return (
    <div className="closed-flows">
      <WarningIcon />
      <div>
        <strong>{words.flows.title}</strong>
        <ul>
          {closed.map((flow) => (
            <li key={`${flow.flow} ${flow.transport}`}>
              <code>{flow.flow}</code> {flow.problem}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function judge({ counts, flows }: ManagerStatus): Level {
  const { fatal, critical, major } = counts.openAlertsBySeverity;
  if (fatal + critical + major + counts.hosts.unreachable > 0) return "act";
  return counts.alerts.open > 0 || flows.some((flow) => !flow.listening) ? "look" : "good";
}

function sentence({ counts, flows }: ManagerStatus, { facts, hosts }: Words): string {
  const { up, unreachable, unknown } = counts.hosts;
  const minded = up + unreachable + unknown;
  const closed = flows.filter((flow) => !flow.listening).length;
  const parts = [
    minded === 0 ? hosts.empty : unreachable > 0 ? facts.unreachable(unreachable) : facts.hostsUp(up, minded),
    counts.alerts.open > 0 ? facts.open(counts.alerts.open) : facts.quiet,
    ...(closed > 0 ? [facts.ports(closed)] : []),
  ];
  return parts.join(" · ");
}
