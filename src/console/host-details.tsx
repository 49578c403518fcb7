import { useQuery } from "@tanstack/react-query";
import type { HostOverview } from "../api/host-routes.ts";
import type { Me } from "../api/session-routes.ts";
import { formatBytes } from "../model/quantity.ts";
import { Age } from "./age.tsx";
import { call } from "./api-call.ts";
import { Connections } from "./connections.tsx";
import { CopyLine } from "./copy-line.tsx";
import { Failure } from "./failure.tsx";
import { formatCount } from "./format.ts";
import { HistoryGraph } from "./history-graph.tsx";
import { HostActions } from "./host-actions.tsx";
import { CriticalIcon, GoodIcon, UnknownIcon, WarningIcon } from "./icons.tsx";
import { useSpeech, useWords } from "./language.tsx";
import { StateMark } from "./marks.tsx";

const SNAPSHOTS_SHOWN = 8;
/** Each is a request of its own; a server with a hundred file systems has its first ones drawn. */
const GRAPHS_SHOWN = 24;
const MARKS = {
  ok: ["good", GoodIcon],
  unknown: ["quiet", UnknownIcon],
  warning: ["warning", WarningIcon],
  critical: ["critical", CriticalIcon],
} as const;

/** All readings of a server and its newest backups. */
export function HostDetails({ host, role }: { readonly host: HostOverview; readonly role: Me["role"] }) {
  const words = useWords();
  return (
    <>
      <dl className="facts">
        {host.means === "agent" && (
          <div>
            <dt>{words.hosts.agent}</dt>
            <dd>{host.facts.agentVersion}</dd>
          </div>
        )}
        <div>
          <dt>{host.facts.hostname}</dt>
          <dd>
            {host.address} · {host.facts.architecture}
          </dd>
        </div>
      </dl>
      <div className="details-columns">
        <Readings hostId={host.id} />
        {/* What has no agent is not backed up. */}
        {host.means === "agent" && <Snapshots host={host} />}
      </div>
      {host.means === "agent" && <Connections host={host} />}
      <HostActions host={host} role={role} />
    </>
  );
}

function Readings({ hostId }: { readonly hostId: string }) {
  const words = useWords();
  const readings = useQuery({
    queryKey: ["readings", hostId],
    queryFn: ({ signal }) => call("GET /api/v1/hosts/:host/readings", { params: { host: hostId } }, signal),
  });
  if (readings.error !== null) return <Failure error={readings.error} retry={() => void readings.refetch()} />;
  const latest = readings.data?.latest;
  return (
    <section aria-label={words.hosts.readings}>
      <h3>
        {words.hosts.readings}{" "}
        {latest && (
          <span className="quiet small">
            <Age atMs={latest.readAtMs} />
          </span>
        )}
      </h3>
      {latest === null && <p className="quiet">{words.hosts.noReadings}</p>}
      {latest && (
        <table className="plain">
          <tbody>
            {latest.readings.map((reading, place) => {
              const [tone, Icon] = MARKS[reading.state];
              return (
                <tr key={`${reading.component} ${reading.measure}`}>
                  <td>
                    <StateMark tone={tone} icon={<Icon />} word={words.readingState[reading.state]} />
                  </td>
                  <td>{words.component(reading.component)}</td>
                  <td>{reading.summary}</td>
                  <td className="history-cell">
                    {place < GRAPHS_SHOWN && reading.value !== null && (
                      <HistoryGraph hostId={hostId} component={reading.component} measure={reading.measure} />
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Snapshots({ host }: { readonly host: HostOverview }) {
  const { words, language } = useSpeech();
  const snapshots = useQuery({
    queryKey: ["snapshots", host.id],
    queryFn: ({ signal }) =>
      call("GET /api/v1/snapshots", { query: { host: host.id, limit: SNAPSHOTS_SHOWN } }, signal),
  });
  if (snapshots.error !== null) return <Failure error={snapshots.error} retry={() => void snapshots.refetch()} />;
  const items = snapshots.data?.items;
  return (
    <section aria-label={words.snapshots.title}>
      <h3>{words.snapshots.title}</h3>
      {items?.length === 0 && (
        <>
          <p className="quiet">{words.snapshots.empty}</p>
          <CopyLine line={`rusuban backup ${quoted(host.name)} /etc --wait`} />
        </>
      )}
      {items !== undefined && items.length > 0 && (
        <table className="plain">
          <thead>
            <tr>
              <th>{words.snapshots.finished}</th>
              <th>{words.snapshots.paths}</th>
              <th className="number">{words.snapshots.size}</th>
              <th className="number">{words.snapshots.added}</th>
              <th>{words.snapshots.problems}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((snapshot) => (
              <tr key={snapshot.id}>
                <td>
                  <Age atMs={snapshot.finishedAtMs} />
                </td>
                <td className="paths">{snapshot.paths.join(", ")}</td>
                <td className="number" title={words.jobs.files(formatCount(snapshot.files, language))}>
                  {formatBytes(snapshot.bytes)}
                </td>
                <td className="number">{formatBytes(snapshot.bytesAdded)}</td>
                <td>
                  {snapshot.problems === 0 ? (
                    <StateMark tone="good" icon={<GoodIcon />} word={words.none} />
                  ) : (
                    <StateMark tone="warning" icon={<WarningIcon />} word={words.jobs.problems(snapshot.problems)} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** As a shell takes it. */
function quoted(name: string): string {
  return /^[A-Za-z0-9._-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
