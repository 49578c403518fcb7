import { Button, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { HostOverview } from "../api/host-routes.ts";
import type { Me } from "../api/session-routes.ts";
import { Age, useNow } from "./age.tsx";
import { call } from "./api-call.ts";
import { EmptyState } from "./empty-state.tsx";
import { Failure } from "./failure.tsx";
import { Gauge } from "./gauge.tsx";
import { HostDetails } from "./host-details.tsx";
import { BackupIcon, BellIcon, ChevronIcon, PlusIcon, SearchIcon, ServerIcon, WarningIcon } from "./icons.tsx";
import { useWords } from "./language.tsx";
import { HostMark } from "./marks.tsx";
import { Pager, usePages } from "./pager.tsx";

const HOSTS_A_PAGE = 50;
/** A daily backup that has not come by now is late. */
const BACKUP_LATE_MS = 26 * 3_600_000;
/** Readings come each minute; three missed in a row are worth a word. */
const READINGS_OLD_MS = 3 * 60_000;

interface HostListProps {
  readonly role: Me["role"];
  readonly onAdd: () => void;
  readonly onShowAlerts: (host: HostOverview) => void;
}

/** All servers by name, those that were removed aside. */
export function HostList({ role, onAdd, onShowAlerts }: HostListProps) {
  const words = useWords();
  const canAdd = role === "administrator";
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 250);
  const pages = usePages(search);
  const hosts = useQuery({
    queryKey: ["hosts", search, pages.after],
    queryFn: ({ signal }) =>
      call(
        "GET /api/v1/hosts",
        { query: { text: search, after: pages.after, limit: HOSTS_A_PAGE, state: ["up", "unreachable", "unknown"] } },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  const none = hosts.data?.items.length === 0 && search === "" && pages.isFirst;
  const showSearch = search !== "" || text !== "" || !pages.isFirst || (hosts.data?.items.length ?? 0) > 8;

  return (
    <section className="panel" aria-labelledby="hosts-title">
      <div className="panel-head">
        <h2 id="hosts-title">{words.hosts.title}</h2>
        <div className="spacer" />
        {showSearch && (
          <TextInput
            size="xs"
            leftSection={<SearchIcon />}
            placeholder={words.hosts.search}
            aria-label={words.hosts.search}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        {canAdd && !none && (
          <Button size="xs" variant="default" leftSection={<PlusIcon />} onClick={onAdd}>
            {words.hosts.add}
          </Button>
        )}
      </div>
      {hosts.data === undefined && hosts.error === null && <Skeleton height={180} />}
      {hosts.data === undefined && hosts.error !== null && (
        <Failure error={hosts.error} retry={() => void hosts.refetch()} />
      )}
      {none && (
        <EmptyState icon={<ServerIcon />} title={words.hosts.empty} hint={words.hosts.emptyHint}>
          {canAdd && (
            <Button leftSection={<PlusIcon />} onClick={onAdd}>
              {words.hosts.add}
            </Button>
          )}
        </EmptyState>
      )}
      <ul className="hosts">
        {hosts.data?.items.map((host) => (
          <HostRow key={host.id} host={host} role={role} onShowAlerts={onShowAlerts} />
        ))}
      </ul>
      <Pager pages={pages} next={hosts.data?.next ?? null} newer="←" older="→" />
    </section>
  );
}

function HostRow({
  host,
  role,
  onShowAlerts,
}: { readonly host: HostOverview } & Pick<HostListProps, "role" | "onShowAlerts">) {
  const words = useWords();
  const [opened, setOpened] = useState(false);
  const details = `details-${host.id}`;
  return (
    <li className={host.state === "up" ? "host" : "host host-silent"}>
      <div className="host-row">
        <div className="host-mark">
          <HostMark host={host} />
        </div>
        <div className="host-name">
          <strong>{host.name}</strong>
          <span className="quiet small">{host.facts.operatingSystem}</span>
        </div>
        <div className="host-gauges">
          {host.gauges.slice(0, 4).map((gauge) => (
            <Gauge key={`${gauge.component} ${gauge.measure}`} reading={gauge} />
          ))}
        </div>
        <div className="host-facts">
          {host.means === "agent" && <BackupAge host={host} />}
          <DataAge host={host} />
        </div>
        <div className="host-alerts">
          {host.openAlerts > 0 && (
            <button type="button" className="link" onClick={() => onShowAlerts(host)}>
              <BellIcon />
              {words.hosts.openAlerts(host.openAlerts)}
            </button>
          )}
        </div>
        <button
          type="button"
          className="disclose"
          aria-expanded={opened}
          aria-controls={details}
          aria-label={`${words.details}: ${host.name}`}
          title={words.details}
          onClick={() => setOpened(!opened)}
        >
          <ChevronIcon />
        </button>
      </div>
      {opened && (
        <div id={details} className="host-details">
          <HostDetails host={host} role={role} />
        </div>
      )}
    </li>
  );
}

function BackupAge({ host }: { readonly host: HostOverview }) {
  const words = useWords();
  const now = useNow();
  if (host.lastSnapshot === null) {
    return (
      <span className="fact tone-warning">
        <WarningIcon />
        {words.hosts.noBackup}
      </span>
    );
  }
  const late = now - host.lastSnapshot.finishedAtMs > BACKUP_LATE_MS;
  return (
    <span className={late ? "fact tone-warning" : "fact"}>
      {late ? <WarningIcon /> : <BackupIcon />}
      <span>
        {words.hosts.lastBackup} <Age atMs={host.lastSnapshot.finishedAtMs} />
      </span>
    </span>
  );
}

/** Quiet while fresh; a host that has fallen silent says since when. */
function DataAge({ host }: { readonly host: HostOverview }) {
  const words = useWords();
  const now = useNow();
  const atMs = host.lastSeenAtMs ?? host.readAtMs;
  if (atMs === null) return <span className="fact quiet">{`${words.hosts.seen}: ${words.hosts.never}`}</span>;
  const old = now - atMs > READINGS_OLD_MS;
  return (
    <span className={old ? "fact tone-warning" : "fact quiet"}>
      <span>
        {words.hosts.seen} <Age atMs={atMs} />
      </span>
    </span>
  );
}
