import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ApiEvent } from "../api/event-routes.ts";
import type { HostOverview } from "../api/host-routes.ts";
import type { ApiReply } from "../api/routes.ts";

// What happens on the manager changes the page without asking: small changes are put in place, larger ones have the
// list that they touch asked for again, at most once a second each.

export type Connection = "connecting" | "live" | "lost";
type Of<K extends ApiEvent["kind"]> = Extract<ApiEvent, { kind: K }>;

const REFRESH_MS = 1_000;
const RETRY_MS = 3_000;

/** Follows the event stream while the page is shown. `onAlert` hears of each new open alert. */
export function useLive(onAlert: (alert: Of<"alert">["alert"]) => void): Connection {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");

  useEffect(() => {
    const refresh = createRefresher(client);
    let source: EventSource | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let wasLost = false;

    const open = () => {
      const stream = new EventSource("/api/v1/events");
      source = stream;
      const on = <K extends ApiEvent["kind"]>(kind: K, handle: (event: Of<K>) => void) =>
        stream.addEventListener(kind, (message) => handle(JSON.parse(message.data)));

      on("ready", () => {
        setConnection("live");
        if (wasLost) void client.invalidateQueries();
        wasLost = false;
      });
      on("missed", () => {
        setConnection("live");
        wasLost = false;
        void client.invalidateQueries();
      });
      on("alert", ({ alert }) => {
        refresh.soon(["alerts"]);
        refresh.soon(["status"]);
        refresh.soon(["hosts"]);
        if (alert.state === "open") onAlert(alert);
      });
      on("host", ({ host }) => {
        if (!patchHosts(client, host.id, (known) => ({ ...known, ...host }))) refresh.soon(["hosts"]);
        refresh.soon(["status"]);
      });
      on("readings", ({ hostId, readings }) => {
        patchHosts(client, hostId, (known) => withReadings(known, readings));
        client.setQueryData(["readings", hostId], { hostId, latest: readings });
      });
      on("job", ({ job }) => {
        refresh.soon(["jobs", "recent"]);
        refresh.soon(["status"]);
        client.setQueryData<ApiReply<"jobList">>(["jobs", "unended"], (page) => {
          if (page === undefined) return page;
          const others = page.items.filter((other) => other.id !== job.id);
          return { ...page, items: job.endedAtMs === null ? [job, ...others] : others };
        });
      });
      on("snapshot", ({ snapshot }) => {
        refresh.soon(["snapshots", snapshot.hostId]);
        refresh.soon(["hosts"]);
        refresh.soon(["status"]);
      });
      stream.onerror = () => {
        wasLost = true;
        setConnection("lost");
        // A browser tries again by itself after a broken connection, but never after a refusal.
        if (stream.readyState === EventSource.CLOSED) {
          void client.invalidateQueries({ queryKey: ["session"] });
          retry = setTimeout(open, RETRY_MS);
        }
      };
    };

    open();
    return () => {
      source?.close();
      clearTimeout(retry);
      refresh.stop();
    };
  }, [client, onAlert]);

  return connection;
}

/** The first call for a key acts at once, those within the next second together at its end. */
function createRefresher(client: QueryClient) {
  const waiting = new Map<string, { again: boolean; timer: ReturnType<typeof setTimeout> }>();
  function soon(queryKey: QueryKey): void {
    const name = queryKey.join(" ");
    const known = waiting.get(name);
    if (known !== undefined) {
      known.again = true;
      return;
    }
    void client.invalidateQueries({ queryKey });
    const timer = setTimeout(() => {
      const { again } = waiting.get(name) ?? { again: false };
      waiting.delete(name);
      if (again) soon(queryKey);
    }, REFRESH_MS);
    waiting.set(name, { again: false, timer });
  }
  return {
    soon,
    stop() {
      for (const { timer } of waiting.values()) clearTimeout(timer);
    },
  };
}

/** Whether the host is on a page that is held. */
function patchHosts(client: QueryClient, hostId: string, change: (host: HostOverview) => HostOverview): boolean {
  let found = false;
  client.setQueriesData<ApiReply<"hostList">>({ queryKey: ["hosts"] }, (page) => {
    if (page === undefined || !page.items.some((host) => host.id === hostId)) return page;
    found = true;
    return { ...page, items: page.items.map((host) => (host.id === hostId ? change(host) : host)) };
  });
  return found;
}

const WORST_FIRST = ["critical", "warning", "unknown", "ok"] as const;

function withReadings(host: HostOverview, { readAtMs, readings }: Of<"readings">["readings"]): HostOverview {
  const states = new Set(readings.map((reading) => reading.state));
  return {
    ...host,
    readAtMs,
    readingState: WORST_FIRST.find((state) => states.has(state)) ?? host.readingState,
    gauges: host.gauges.map(
      (gauge) => readings.find((one) => one.component === gauge.component && one.measure === gauge.measure) ?? gauge,
    ),
  };
}
