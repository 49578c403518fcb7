import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorEnvelope } from "../../api/api-error.ts";
import { fillPath } from "../../api/client.ts";
import { ROLES, type Route } from "../../api/route.ts";
import { ROUTES } from "../../api/routes.ts";
import { type ApiFixture, createApiFixture, FROM_OUR_PAGE, identifyAs } from "./api-fixture.ts";
import type { Identity } from "./identity.ts";
import { fillSampleFleet } from "./sample-fleet-fixture.ts";
import { SESSION_COOKIE } from "./session-cookie.ts";

let who: Identity | undefined;
let fixture: ApiFixture;
beforeAll(async () => {
  fixture = await createApiFixture({ identify: () => who });
  fillSampleFleet(fixture.fleet, fixture.clock.now());
});
afterAll(() => fixture.close());

const every = Object.entries(ROUTES) as [string, Route][];
const onConsole = every.filter(([, route]) => route.listener !== "administration");
const onAdministration = every.filter(([, route]) => route.listener !== "console");
const host = "0193a4b2-0000-7000-8000-00000000000b"; // A host that is there: what leaks would be real.

function requestTo(route: Route) {
  const url = fillPath(route.path, { params: { host, id: host, snapshot: host } });
  const body = route.body === undefined ? {} : { payload: "{}", headers: { "content-type": "application/json" } };
  return { method: route.method, url, ...body };
}

/** A refusal and nothing else: the whole body is one envelope, whose text has nothing of the fleet in it. */
function expectRefusal(response: { statusCode: number; body: string; headers: object }, status: number, code: string) {
  expect(response.statusCode).toBe(status);
  const envelope = ErrorEnvelope.strict().parse(JSON.parse(response.body));
  expect(envelope.error.code).toBe(code);
  expect(response.body).not.toMatch(/web-01|osaka|tanaka|192\.0\.2/);
  expect(response.headers).not.toHaveProperty("set-cookie");
}

describe("without an identity", () => {
  const secret = "A".repeat(43);
  const cookies: [string, string | undefined][] = [
    ["no cookie", undefined],
    ["an empty header", ""],
    ["an empty cookie", `${SESSION_COOKIE}=`],
    ["a session that is not there", `${SESSION_COOKIE}=${secret}`],
    ["two sessions", `${SESSION_COOKIE}=${secret}; ${SESSION_COOKIE}=${secret}`],
    ["a session too long", `${SESSION_COOKIE}=${secret}A`],
    ["a session with a quote", `${SESSION_COOKIE}="${secret}"`],
    ["another name", `rusuban=${secret}`],
  ];
  it.each(cookies)("refuses every route of the console with %s", async (_, cookie) => {
    for (const [, route] of onConsole.filter(([, one]) => one.role !== "anyone")) {
      const request = requestTo(route);
      const headers = { ...request.headers, ...FROM_OUR_PAGE, ...(cookie === undefined ? {} : { cookie }) };
      expectRefusal(await fixture.console.inject({ ...request, headers }), 401, "unauthenticated");
    }
  });

  it("refuses every route of the administration port", async () => {
    who = undefined;
    for (const [, route] of onAdministration) {
      expectRefusal(await fixture.administration.inject(requestTo(route)), 401, "unauthenticated");
    }
  });

  it("keeps the OpenAPI document to those who are known", async () => {
    who = undefined;
    const response = await fixture.administration.inject({ method: "GET", url: "/api/v1/openapi.json" });
    expectRefusal(response, 401, "unauthenticated");
  });

  it("answers before the body has come, and closes the connection", async () => {
    who = undefined;
    await fixture.administration.listen({ host: "127.0.0.1", port: 0 });
    const address = fixture.administration.server.address();
    const socket = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    socket.write(
      "POST /api/v1/backups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
    );
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece as Buffer); // Ends only because the server closes.
    expect(Buffer.concat(pieces).toString()).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe("with a role that is too small", () => {
  const matrix = onAdministration.flatMap(([name, route]) =>
    ROLES.filter((role) => route.role !== "anyone" && ROLES.indexOf(role) < ROLES.indexOf(route.role)).map(
      (role) => [role, name, route] as const,
    ),
  );

  it.each(matrix)("refuses a %s the route %s", async (role, _, route) => {
    who = identifyAs(role)({} as never) as Identity;
    expectRefusal(await fixture.administration.inject(requestTo(route)), 403, "forbidden");
  });

  it("has found routes of every role to try", () => {
    expect(new Set(matrix.map(([role]) => role))).toEqual(new Set(["viewer", "operator"]));
    expect(matrix.length).toBeGreaterThan(10);
  });
});

describe("from another site", () => {
  const changing = onConsole.filter(([, route]) => route.method !== "GET");
  const foreign: [string, Record<string, string>][] = [
    ["another site", { "sec-fetch-site": "cross-site", host: "manager.example" }],
    ["a neighbour", { "sec-fetch-site": "same-site", host: "manager.example" }],
    ["an address typed by hand", { "sec-fetch-site": "none", host: "manager.example" }],
    ["an older browser elsewhere", { origin: "https://evil.example", host: "manager.example" }],
    ["plain HTTP of the same name", { origin: "http://manager.example", host: "manager.example" }],
    ["no browser at all", { host: "manager.example" }],
  ];
  it.each(foreign)("refuses every change that comes from %s", async (_, headers) => {
    for (const [, route] of changing) {
      const request = requestTo(route);
      const response = await fixture.console.inject({ ...request, headers: { ...request.headers, ...headers } });
      expectRefusal(response, 403, "forbidden");
    }
  });
});

describe("odd requests", () => {
  const ask = (request: object) => {
    who = identifyAs("administrator")({} as never) as Identity;
    return fixture.administration.inject(request);
  };
  const post = (payload: string, type = "application/json") =>
    ask({ method: "POST", url: "/api/v1/alerts/acknowledge", payload, headers: { "content-type": type } });

  it("names the field and its problem", async () => {
    const response = await ask({ method: "GET", url: "/api/v1/alerts?limit=201&state=gone" });
    expect(response.statusCode).toBe(400);
    const { error } = ErrorEnvelope.parse(response.json());
    expect(error.message).toMatch(/query\.limit: .*200/);
    expect(error.message).toMatch(/query\.state/);
  });

  it.each([
    ["JSON that is cut off", '{"ids":[', "application/json", 400, "invalid-request"],
    ["no body", "", "application/json", 400, "invalid-request"],
    ["a form", "ids=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"],
    ["plain text", '{"ids":[]}', "text/plain", 415, "unsupported-media-type"],
    ["an empty list", '{"ids":[]}', "application/json", 400, "invalid-request"],
    ["a prototype", '{"__proto__":{"ids":[]}}', "application/json", 400, "invalid-request"],
    ["more than 1 MiB", `{"ids":["${"x".repeat(1024 * 1024)}"]}`, "application/json", 413, "too-large"],
  ])("refuses %s", async (_, payload, type, status, code) => {
    expectRefusal(await post(payload, type), status, code);
  });

  it("gives 404 in the same envelope for what is not there", async () => {
    expectRefusal(await ask({ method: "GET", url: "/api/v1/nothing" }), 404, "not-found");
    expectRefusal(await ask({ method: "PUT", url: "/api/v1/alerts" }), 404, "not-found");
    expectRefusal(await ask({ method: "GET", url: "/api/v1/hosts/nobody" }), 404, "not-found");
  });

  it("does not serve the console's sign-in on the administration port", async () => {
    const url = "/api/v1/session/link";
    expectRefusal(await ask({ method: "POST", url, payload: { token: "x" } }), 404, "not-found");
  });

  it("lets nothing be stored, framed or guessed", async () => {
    const { headers } = await ask({ method: "GET", url: "/api/v1/hosts" });
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    expect(headers).not.toHaveProperty("strict-transport-security");
  });
});

it("describes every route in an OpenAPI 3.1 document", async () => {
  who = identifyAs("viewer")({} as never) as Identity;
  const document = (await fixture.administration.inject({ method: "GET", url: "/api/v1/openapi.json" })).json();
  expect(document.openapi).toBe("3.1.0");
  for (const [name, route] of onAdministration) {
    const operation = document.paths[route.path.replace(/:([a-z]+)/g, "{$1}")]?.[route.method.toLowerCase()];
    expect(operation?.operationId).toBe(name);
    expect(Object.keys(operation.responses)).toEqual([String(route.status), "default"]);
  }
  expect(document.components.schemas.Alert.properties.severity.enum).toContain("critical");
  expect(JSON.stringify(document)).not.toContain('"$ref":"#/$defs');
});
