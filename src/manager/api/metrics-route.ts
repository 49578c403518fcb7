import type { FastifyInstance } from "fastify";
import { ApiError } from "../../api/api-error.ts";
import { EXPOSITION_CONTENT_TYPE, formatExposition, type MetricFamily } from "../../wire/exposition.ts";

/** `/metrics`, where somebody may scrape it. */
export interface MetricsService {
  readonly mayScrape: (authorization: string | undefined) => boolean;
  readonly collect: () => Promise<MetricFamily[]>;
}

export function addMetricsRoute(app: FastifyInstance, { mayScrape, collect }: MetricsService): void {
  app.get("/metrics", { schema: { hide: true }, config: { open: true } }, async (request, reply) => {
    if (!mayScrape(request.headers.authorization)) {
      reply.header("www-authenticate", 'Bearer realm="rusuban"');
      throw new ApiError("unauthenticated", "request: needs the token of metrics.tokenFile as Bearer");
    }
    return reply.type(EXPOSITION_CONTENT_TYPE).send(formatExposition(await collect()));
  });
}
