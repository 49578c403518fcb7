import { Button, Checkbox, NativeSelect, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ApiReply } from "../api/routes.ts";
import { AlertRow, alertKey } from "./alert-row.tsx";
import { call } from "./api-call.ts";
import { EmptyState } from "./empty-state.tsx";
import { Failure } from "./failure.tsx";
import { CheckIcon, GoodIcon, SearchIcon } from "./icons.tsx";
import { useWords } from "./language.tsx";
import type { AlertHost } from "./overview.tsx";
import { Pager, usePages } from "./pager.tsx";
import type { Severity } from "./words.ts";

const ALERTS_A_PAGE = 25;
const FILTERED_SEVERITIES: readonly Severity[] = ["warning", "minor", "major", "critical", "fatal"];
type StateFilter = "open" | "acknowledged" | "cleared" | "all";

interface AlertListProps {
  readonly canAct: boolean;
  readonly host: AlertHost | undefined;
  readonly onHost: (host: AlertHost | undefined) => void;
}

/** The inbox, newest first. */
export function AlertList({ canAct, host, onHost }: AlertListProps) {
  const words = useWords();
  const [state, setState] = useState<StateFilter>("open");
  const [severity, setSeverity] = useState<Severity | "">("");
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 250);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pages = usePages([state, severity, search, host?.id].join(" "));

  const alerts = useQuery({
    queryKey: ["alerts", state, severity, search, host?.id, pages.after],
    queryFn: ({ signal }) =>
      call(
        "GET /api/v1/alerts",
        {
          query: {
            limit: ALERTS_A_PAGE,
            after: pages.after,
            text: search,
            host: host?.id,
            state: state === "all" ? undefined : state,
            severityMin: severity === "" ? undefined : severity,
          },
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  const acknowledge = useAcknowledge(() => setPicked(new Set()));

  const items = useMemo(() => alerts.data?.items ?? [], [alerts.data]);
  const open = items.filter((alert) => alert.state === "open");
  const chosen = open.filter((alert) => picked.has(alertKey(alert)));
  const pick = (keys: readonly string[], on: boolean) => {
    const next = new Set(picked);
    for (const key of keys) on ? next.add(key) : next.delete(key);
    setPicked(next);
  };
  const isFiltered = state !== "open" || severity !== "" || search !== "" || host !== undefined;

  return (
    <section className="panel" id="alerts" aria-labelledby="alerts-title">
      <div className="panel-head">
        <h2 id="alerts-title">{words.alerts.title}</h2>
        <SegmentedControl
          size="xs"
          aria-label={words.alerts.state}
          value={state}
          onChange={(value) => setState(value as StateFilter)}
          data={[
            { value: "open", label: words.alertState.open },
            { value: "acknowledged", label: words.alertState.acknowledged },
            { value: "cleared", label: words.alertState.cleared },
            { value: "all", label: words.alerts.all },
          ]}
        />
        {host !== undefined && (
          <Button size="compact-sm" variant="light" onClick={() => onHost(undefined)} rightSection="×">
            {words.alerts.onlyHost(host.name)}
          </Button>
        )}
        <div className="spacer" />
        <NativeSelect
          size="xs"
          aria-label={words.alerts.level}
          value={severity}
          onChange={(event) => setSeverity(event.currentTarget.value as Severity | "")}
          data={[
            { value: "", label: words.alerts.anySeverity },
            ...FILTERED_SEVERITIES.map((value) => ({ value, label: words.alerts.andWorse(words.severity[value]) })),
          ]}
        />
        <TextInput
          size="xs"
          leftSection={<SearchIcon />}
          placeholder={words.alerts.search}
          aria-label={words.alerts.search}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>

      {acknowledge.error !== null && <Failure error={acknowledge.error} />}
      {alerts.data === undefined && alerts.error === null && <Skeleton height={160} />}
      {alerts.data === undefined && alerts.error !== null && (
        <Failure error={alerts.error} retry={() => void alerts.refetch()} />
      )}
      {alerts.data !== undefined && items.length === 0 && (
        <EmptyState icon={<GoodIcon />} title={isFiltered ? words.alerts.emptyFilter : words.alerts.empty}>
          {!isFiltered && canAct && <TestAlert />}
        </EmptyState>
      )}
      {items.length > 0 && (
        <div className="table-scroll">
          <table className="alerts">
            <thead>
              <tr>
                {canAct && (
                  <th className="pick">
                    <Checkbox
                      size="xs"
                      aria-label={words.alerts.selectAll}
                      disabled={open.length === 0}
                      checked={open.length > 0 && chosen.length === open.length}
                      indeterminate={chosen.length > 0 && chosen.length < open.length}
                      onChange={(event) => pick(open.map(alertKey), event.currentTarget.checked)}
                    />
                  </th>
                )}
                <th>{words.alerts.level}</th>
                <th>{words.alerts.when}</th>
                <th>{words.alerts.host}</th>
                <th className="what">{words.alerts.what}</th>
                <th>{words.alerts.state}</th>
                <th className="act">
                  {chosen.length > 0 && (
                    <Button
                      size="compact-sm"
                      leftSection={<CheckIcon />}
                      loading={acknowledge.isPending}
                      onClick={() => acknowledge.mutate(chosen)}
                    >
                      {words.alerts.acknowledgeMany(chosen.length)}
                    </Button>
                  )}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((alert) => (
                <AlertRow
                  key={alertKey(alert)}
                  alert={alert}
                  canAct={canAct}
                  picked={picked.has(alertKey(alert))}
                  onPick={(on) => pick([alertKey(alert)], on)}
                  onAcknowledge={() => acknowledge.mutate([alert])}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Pager pages={pages} next={alerts.data?.next ?? null} newer={words.alerts.newer} older={words.alerts.older} />
    </section>
  );
}

/** One request a host: ids are of the hosts' making. */
function useAcknowledge(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    async mutationFn(alerts: readonly ApiReply<"alertShow">[]) {
      const byHost = Map.groupBy(alerts, (alert) => alert.hostId);
      for (const [host, those] of byHost) {
        await call("POST /api/v1/alerts/acknowledge", { body: { host, ids: those.map((alert) => alert.id) } });
      }
    },
    onSuccess: onDone,
    onSettled: () => {
      for (const key of ["alerts", "status", "hosts"]) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** Has the first server that answers raise one. */
function TestAlert() {
  const words = useWords();
  const host = useQuery({
    queryKey: ["hosts", "first-up"],
    queryFn: ({ signal }) => call("GET /api/v1/hosts", { query: { limit: 1, state: "up" } }, signal),
  }).data?.items[0];
  const test = useMutation({
    mutationFn: (hostId: string) => call("POST /api/v1/alerts/test", { body: { host: hostId } }),
  });
  if (host === undefined) return null;
  return (
    <>
      <p className="quiet">{words.alerts.emptyHint}</p>
      <Button variant="default" loading={test.isPending} onClick={() => test.mutate(host.id)}>
        {words.alerts.test}
      </Button>
      {test.error !== null && <Failure error={test.error} />}
    </>
  );
}
