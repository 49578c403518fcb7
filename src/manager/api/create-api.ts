import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { ApiError, type ErrorCode } from "../../api/api-error.ts";
import { API_PREFIX, type ApiListener, type Role, type Route } from "../../api/route.ts";
import { ROUTES } from "../../api/routes.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { AuditTrail } from "./accounts.ts";
import { AUDITED } from "./audit.ts";
import type { ConsoleFiles } from "./console-files.ts";
import { addConsoleRoutes } from "./console-routes.ts";
import { asApiError } from "./error-reply.ts";
import type { EventHub } from "./event-hub.ts";
import { createEventStreams } from "./event-streams.ts";
import { findHostId } from "./find-host.ts";
import type { Caller, HandledName, Handlers } from "./handler.ts";
import { type Identify, type Identity, mayDo } from "./identity.ts";
import { SERVICE_LIMITS } from "./limits.ts";
import { addMetricsRoute, type MetricsService } from "./metrics-route.ts";
import type { HostDirectory, ManagerFacts } from "./needs.ts";
import { addOpenApi, schemaOf } from "./open-api.ts";
import { isSameOrigin } from "./same-origin.ts";
import { COMMON_HEADERS, DATA_HEADERS } from "./security-headers.ts";
import { writeSessionCookie } from "./session-cookie.ts";

// The HTTP contract on one listener. Who calls is settled in the first hook, before a byte of the body is read; every
// route is closed unless the contract says `anyone`, or it is a file of the console.

export interface ApiNeeds {
  readonly listener: ApiListener;
  /** Makes the server that Fastify answers for; the listener that opens it belongs to the caller. */
  readonly serverFactory: FastifyServerFactory;
  readonly identify: Identify;
  /** Calls when sessions have ended otherwise than by themselves; where callers have certificates, there are none. */
  readonly onSessionsEnded?: (listener: () => void) => void;
  readonly handlers: Handlers;
  readonly hub: EventHub;
  readonly hosts: Pick<HostDirectory, "find">;
  readonly manager: Pick<ManagerFacts, "version">;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of the session cookie; the console only. */
  readonly sessionSeconds: number;
  /** The console's pages; undefined on the administration port. */
  readonly consoleFiles: ConsoleFiles | undefined;
  /** Answers `/metrics`; undefined where it is not switched on. */
  readonly metrics?: MetricsService | undefined;
  /** Tells browsers to insist on HTTPS for so long. Off where undefined: it outlives the certificate and the product. */
  readonly strictTransportSeconds?: number;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** A file of the console. */
    readonly open?: boolean;
    readonly role?: Role | "anyone";
  }
  interface FastifyRequest {
    identity: Identity | undefined;
    startedAt: number;
  }
}

/** A Fastify instance that answers the contract and is ready. Closing it ends the event streams, too. */
export async function createApi(needs: ApiNeeds): Promise<FastifyInstance> {
  const { clock, hub, identify, hosts, random } = needs;
  const app = Fastify({
    serverFactory: needs.serverFactory,
    bodyLimit: SERVICE_LIMITS.bodyBytes,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: SERVICE_LIMITS.pathParameterBytes },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser("text/plain"); // A form on another site can send it.
  app.decorateRequest("identity", undefined);
  app.decorateRequest("startedAt", 0);

  addHeaders(app, needs);
  addGate(app, needs);
  addErrors(app, needs);

  const closing = new AbortController();
  const streams = createEventStreams({ clock, hub, identify });
  needs.onSessionsEnded?.(streams.lookAgain);
  app.addHook("preClose", async () => {
    closing.abort();
    streams.endAll();
  });

  await addOpenApi(app, needs.manager.version);
  for (const [name, route] of Object.entries(ROUTES) as [keyof typeof ROUTES, Route][]) {
    if (route.listener !== undefined && route.listener !== needs.listener) continue;
    app.route({
      method: route.method,
      url: route.path,
      schema: schemaOf(name, route),
      config: { role: route.role },
      handler:
        name === "events"
          ? async (request, reply) => {
              const query = request.query as { kind?: never; host?: string; after?: string };
              const hostId = await findHostId(hosts, query.host);
              streams.open(request, reply, { kinds: query.kind, hostId, after: query.after }, identityOf(request));
            }
          : handle(name, route, needs, closing.signal),
    });
  }
  app.get(`${API_PREFIX}/openapi.json`, { schema: { hide: true }, config: { role: "viewer" } }, async () =>
    app.swagger(),
  );
  if (needs.consoleFiles !== undefined) addConsoleRoutes(app, { files: needs.consoleFiles, random });
  if (needs.metrics !== undefined) addMetricsRoute(app, needs.metrics);
  await app.ready();
  return app;
}

function addHeaders(app: FastifyInstance, { strictTransportSeconds }: ApiNeeds): void {
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers({ ...COMMON_HEADERS, ...DATA_HEADERS });
    if (strictTransportSeconds !== undefined) {
      reply.header("strict-transport-security", `max-age=${strictTransportSeconds}`);
    }
  });
}

/** Who calls, and whether they may: 401 and 403 come from here and nowhere else. */
function addGate(app: FastifyInstance, { identify, listener, log, clock }: ApiNeeds): void {
  app.addHook("onRequest", async (request, reply) => {
    request.startedAt = clock.monotonic();
    const { open, role } = request.routeOptions.config;
    if (open === true || request.is404) return;
    try {
      if (listener === "console" && request.method !== "GET" && !isSameOrigin(request.headers)) {
        throw new ApiError("forbidden", "request: comes from another site, or from no page at all");
      }
      if (role === "anyone") return;
      request.identity = await identify(request);
      if (request.identity === undefined) {
        const hint = listener === "console" ? "sign in" : "a client certificate of an administrator is needed";
        throw new ApiError("unauthenticated", "request: nobody is signed in", hint);
      }
      if (role === undefined || !mayDo(request.identity.role, role)) {
        throw new ApiError(
          "forbidden",
          `request: ${request.identity.name} is ${request.identity.role}, ${role} is needed`,
        );
      }
    } catch (error) {
      reply.header("connection", "close"); // The body is not read; the connection cannot go on after it.
      throw error;
    }
  });
  app.addHook("onResponse", async (request, reply) => {
    // The route's pattern, not the URL: what people type into a search field is theirs.
    const { method, ip, routeOptions } = request;
    const ms = Math.round(clock.monotonic() - request.startedAt);
    const values = { listener, method, route: routeOptions.url ?? "unknown", status: reply.statusCode, ms, ip };
    log.debug({ ...values, who: request.identity?.name ?? null }, "answered");
  });
}

function addErrors(app: FastifyInstance, { log, listener }: ApiNeeds): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const error = new ApiError("not-found", `request: nothing is at ${request.method} ${path.slice(0, 200)}`);
    return reply.code(error.status).send(error.toEnvelope());
  });
  app.setErrorHandler((thrown, request, reply) => {
    let error = asApiError(thrown);
    if (error === undefined) {
      log.error(
        { listener, route: request.routeOptions.url, reason: reasonOf(thrown), stack: stackOf(thrown) },
        "request failed",
      );
      error = new ApiError("internal", "request: failed inside the manager", "its log says why");
    } else if (error.code === "unauthenticated" || error.code === "forbidden" || error.code === "throttled") {
      // The sign-in page asks who it is before anybody is: that is no news.
      const isNews = error.code !== "unauthenticated" || request.headers.cookie !== undefined || listener !== "console";
      const values = { listener, route: request.routeOptions.url, ip: request.ip, reason: error.message };
      if (isNews) log.warn(values, "request refused");
      else log.debug(values, "request refused");
    }
    return reply.code(error.status).send(error.toEnvelope());
  });
}

/** Refusals that change nothing and that a stranger can cause without end: the log has them, bounded by its rotation. */
const UNAUDITED = new Set<string>(["throttled", "unavailable"] satisfies ErrorCode[]);

/** Runs a handler with what has been checked, writes the audit entry, and answers. */
function handle(name: HandledName, route: Route, needs: ApiNeeds, closing: AbortSignal) {
  const { handlers, audit, clock, sessionSeconds } = needs;
  const run = handlers[name] as (heard: unknown, caller: Partial<Caller>) => Promise<unknown>;
  const audited = route.method === "GET" ? undefined : AUDITED[name as keyof typeof AUDITED];
  const subject = audited?.subject as ((heard: unknown, reply: unknown) => string) | undefined;
  const details = audited?.details as ((heard: unknown, reply: unknown) => Record<string, unknown>) | undefined;

  return async (request: FastifyRequest, reply: FastifyReply) => {
    const heard = { params: request.params, query: request.query, body: request.body };
    const gone = new AbortController();
    reply.raw.on("close", () => gone.abort());
    const caller = {
      ...(request.identity === undefined ? {} : { identity: request.identity }),
      address: request.ip,
      signal: AbortSignal.any([gone.signal, closing]),
      setSession: (secret: string | null) => {
        reply.header("set-cookie", writeSessionCookie(secret, sessionSeconds));
      },
    };
    const write = async (result: unknown, outcome: string) => {
      if (audited === undefined || UNAUDITED.has(outcome)) return;
      await audit.add({
        atMs: clock.now(),
        actor: request.identity?.name ?? "",
        address: request.ip,
        action: audited.action,
        subject: subject?.(heard, result) ?? "",
        details: { ...details?.(heard, result), outcome },
      });
    };
    let result: unknown;
    try {
      result = await run(heard, caller);
    } catch (error) {
      await write(undefined, asApiError(error)?.code ?? "internal");
      throw error;
    }
    await write(result, "done");
    if (route.status === 204) return reply.code(204).send();
    return reply.code(route.status).send(result);
  };
}

function identityOf(request: FastifyRequest): Identity {
  if (request.identity === undefined) throw new ApiError("unauthenticated", "request: nobody is signed in");
  return request.identity;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
