import type { RequestListener } from "node:http";
import type { HostReadings } from "../../model/reading.ts";
import { readingMetrics } from "../../model/reading-metrics.ts";
import type { MayScrape } from "../../net/metrics-token.ts";
import { EXPOSITION_CONTENT_TYPE, formatExposition, type MetricFamily } from "../../wire/exposition.ts";

export interface AgentMetricsNeeds {
  readonly mayScrape: MayScrape;
  /** Undefined until the host was looked at. */
  readonly latest: () => HostReadings | undefined;
}

/** `/metrics` of this host before whatever else its HTTPS door serves: for those who have the token, as at the manager. */
export function serveMetrics(
  { mayScrape, latest }: AgentMetricsNeeds,
  { host, version, next }: { readonly host: string; readonly version: string; readonly next: RequestListener },
): RequestListener {
  return (request, response) => {
    if (request.url !== "/metrics") return next(request, response);
    const end = (status: number, headers: Record<string, string>, text: string) => {
      const body = Buffer.from(text);
      response.writeHead(status, { ...headers, "content-length": body.length });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return end(405, { allow: "GET, HEAD" }, "");
    if (!mayScrape(request.headers.authorization))
      return end(401, { "www-authenticate": 'Bearer realm="rusuban"' }, "");
    const told = latest();
    const build: MetricFamily = {
      ...{ name: "rusuban_build_info", help: "The agent's version.", type: "gauge" },
      samples: [{ labels: { version }, value: 1 }],
    };
    const readAt: MetricFamily = {
      ...{ name: "rusuban_read_timestamp_seconds", help: "When the host was looked at.", type: "gauge" },
      samples: told === undefined ? [] : [{ value: told.readAtMs / 1_000 }],
    };
    const readings = readingMetrics(told === undefined ? [] : [{ host, readings: told.readings }]);
    end(200, { "content-type": EXPOSITION_CONTENT_TYPE }, formatExposition([build, readAt, ...readings]));
  };
}
