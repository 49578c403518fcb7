import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type RequestOptions, request } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ApiClient } from "../../src/api/client.ts";
import type { Route } from "../../src/api/route.ts";
import { ROUTES } from "../../src/api/routes.ts";
import { openManagerApi } from "../../src/cli/manager-connection.ts";
import { openAuthority } from "../../src/net/authority.ts";
import { dialTls } from "../../src/net/dial.ts";
import { createKeyAndRequest, Identity, loadIdentity } from "../../src/net/identity.ts";
import { LISTENER_LIMITS, REFUSAL_LINES_PER_WINDOW } from "../../src/net/limits.ts";
import { createTestAuthority, DAY_MS, shiftedClock } from "../../src/net/loopback-fixture.ts";
import type { KnownPeer } from "../../src/net/peer.ts";
import { FLOW_KEYS, type FlowKey, flowName, flowOf } from "../../src/ports/port-map.ts";
import { createBrowserClient } from "../../src/protocols/browser/client.ts";
import { parseEnrolmentToken } from "../../src/protocols/browser/enrolment-token.ts";

import {
  DEDUP_ENGINE_RECORD_BYTES_MAX,
  DEDUP_VERSION,
  DedupEngineReply,
  DedupEngineRequest,
  DedupManagerReply,
  DedupManagerRequest,
} from "../../src/protocols/dedup/messages.ts";
import { openRecordChannel } from "../../src/protocols/record-channel.ts";
import { REPORT_VERSION, ReportReply, ReportRequest } from "../../src/protocols/report/messages.ts";
import { pause, systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { createExchange } from "../../src/wire/exchange.ts";
import { encodeRecord } from "../../src/wire/record.ts";
import { type Codec, decode, encode } from "../../src/wire/xdr.ts";
import {
  createFolder,
  createProtected,
  endAfterAll,
  eventually,
  LOOPBACK,
  listeningSockets,
  type Ports,
  programsOf,
  type RunningCommand,
  residentMib,
  start,
  writeSettings,
} from "./running-programs.ts";

// Everybody who has no business at a port comes to every port that the two programs really have open. Each is refused,
// the log says at which flow, from where and why, the others are served meanwhile, and the memory stays where it was.

/** Whom each flow lets past its handshake. A port that is open and stands not here fails the test. */
const LETS_IN: Partial<Record<FlowKey, readonly (KnownPeer["kind"] | "anonymous")[]>> = {
  agentBrowser: ["host", "anonymous"],
  managerReport: ["host"],
  dedupEngine: ["host"],
  dedupManager: ["host"],
  administration: ["administrator"],
  console: ["anonymous"], // Asks for no certificate, so that every stranger is anonymous there.
  backupControl: ["manager"],
  wsmanHttps: ["manager"], // Others too, once an account is set.
  cimXml: ["manager"],
  cimIndication: ["host"],
};
const RECORD_FLOWS = ["agentBrowser", "managerReport", "dedupEngine", "dedupManager", "backupControl"] as const;
const TIMEOUT_MS = 90_000;
/** Of one program, by all strangers of a flood together. The heap of Node grows by about half of it before it collects. */
const GROWTH_MIB_MAX = 96;
/** By one enrolled host that has gone bad: sixteen connections with a record of 9 MiB each, and their growth by doubling. */
const HOST_GROWTH_MIB_MAX = 400;
const SERVED_WITHIN_MS = 5_000;

const register = endAfterAll();
let data: string;
let ports: Ports;
let up: RunningCommand;
let programs: { readonly manager: number; readonly agent: number };
let api: ApiClient;
let report: { readonly consoleUrl: string; readonly signInUrl: string; readonly authorityFingerprint: string };
/** Ports that are open, by asking the system. */
let open: readonly FlowKey[];
/** All that must never be logged. */
const secrets = new Map<string, string>();
const figures: string[] = [];

let ours: { identify(peer: KnownPeer, shiftMs?: number): Promise<Identity> };
let theirs: Awaited<ReturnType<typeof createTestAuthority>>;
let manager: Identity;
let administrator: Identity;
/** The computer's own agent, and a second host whose key is in our hands. */
let agent: Identity;
let host: Identity;
let hostId: string;
let hostToken: string;

beforeAll(async () => {
  if (process.platform !== "linux") return;
  const folder = await createFolder(register);
  data = join(folder, "data");
  ports = await writeSettings(data, { level: "debug" });
  const args = ["up", "--data", data, "--protect", await createProtected(folder), "--json"];
  up = start(args, { register });
  await eventually("the end of the tour", () => up.stdout.endsWith("}\n") || (up.hasEnded && up.stdout !== ""));
  report = JSON.parse(up.stdout).data;
  programs = await programsOf(up);
  const sockets = await listeningSockets([programs.manager, programs.agent]);
  open = sockets.map(({ port }) => FLOW_KEYS.find((flow) => ports[flow] === port) ?? (`port ${port}` as FlowKey));

  api = await openManagerApi({ dataDirectory: data, language: "en", clock: systemClock });
  [manager, agent, administrator] = await Promise.all([
    identityIn("manager/identity"),
    identityIn("agent/identity"),
    identityIn("administrator"),
  ]);
  ours = {
    async identify(peer, shiftMs = 0) {
      const directory = join(data, "manager/authority");
      const authority = await openAuthority({ directory, clock: shiftedClock(shiftMs), random: systemRandom });
      const { key, request: signing } = createKeyAndRequest();
      const { certificate } = await authority.issue({ peer, key: { request: signing }, validDays: 1 });
      return new Identity({ key, certificate, authority: authority.certificate });
    },
  };
  theirs = await createTestAuthority();
  register(() => theirs.remove());
  ({ token: hostToken } = await api.hostToken({ body: { name: "second" } }));
  ({ identity: host, hostId } = await enrol(hostToken));
}, TIMEOUT_MS);
afterAll(() => void process.stdout.write(`strangers: ${figures.join("; ")}\n`));

describe.skipIf(process.platform !== "linux")("strangers at every port", () => {
  it("finds every open port in the table of who may come", () => {
    expect([...open].sort()).toEqual(Object.keys(LETS_IN).sort());
  });

  it.each<[string, () => Buffer, RegExp]>([
    [
      "a plain HTTP request",
      () => Buffer.from("GET / HTTP/1.1\r\nHost: rusuban\r\n\r\n"),
      /not TLS: a plain HTTP request/,
    ],
    ["random bytes", () => Buffer.concat([Buffer.of(0, 0), systemRandom(500)]), /not TLS|TLS handshake failed/],
    ["an NDMP message without TLS", () => encodeRecord(Buffer.alloc(24)), /not TLS|TLS handshake failed/],
    ["an SSH greeting", () => Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"), /not TLS|TLS handshake failed/],
  ])("%s is refused at every port", async (_, bytes, reason) => {
    await atEveryPort(async (flow) => {
      const met = await meet(plain(flow, bytes()));
      // At most a TLS alert: seven bytes.
      expect(met.bytes.length).toBeLessThanOrEqual(7);
      await refusedAt(flow, met, reason);
    });
  });

  it("one who leaves at once is told of at every port", async () => {
    await atEveryPort(async (flow) => {
      const socket = plain(flow);
      socket.once("connect", () => socket.end());
      await refusedAt(flow, await meet(socket), /closed before the handshake was done/);
    });
  });

  it(
    "silence, half a handshake and a handshake that is never finished are cut off at every port",
    async () => {
      const hello = await clientHello();
      const starts: readonly Buffer[] = [Buffer.alloc(0), hello.subarray(0, hello.length / 2), hello];
      const at = systemClock.monotonic();
      await atEveryPort(async (flow) => {
        await Promise.all(
          starts.map(async (bytes) => {
            const met = await meet(plain(flow, bytes));
            await refusedAt(flow, met, /handshake timed out: after 10000 ms/);
          }),
        );
      });
      const took = systemClock.monotonic() - at;
      expect(took).toBeGreaterThan(LISTENER_LIMITS.handshakeTimeoutMs - 500);
      expect(took).toBeLessThan(LISTENER_LIMITS.handshakeTimeoutMs + 10_000);
    },
    TIMEOUT_MS,
  );

  it("TLS 1.2 is refused wherever both sides must be known", async () => {
    // The management standards' clients are as old as the systems they manage.
    const isOurs = (flow: FlowKey) => flow !== "console" && flowOf(flow).tls === "always";
    for (const flow of open.filter(isOurs)) {
      const met = await meet(secure(flow, host, { maxVersion: "TLSv1.2" }));
      await refusedAt(flow, met, /offers only a TLS version that is too old/);
    }
  });

  it.each<[string, () => Promise<Identity | undefined>, RegExp, KnownPeer["kind"] | "anonymous" | undefined]>([
    ["no certificate", async () => undefined, /no certificate/, "anonymous"],
    [
      "a host's certificate of another authority",
      () => theirs.identify(host.peer),
      /certificate of another authority/,
      undefined,
    ],
    [
      "a manager's certificate of another authority",
      () => theirs.identify(manager.peer),
      /certificate of another authority/,
      undefined,
    ],
    [
      "an administrator's certificate of another authority",
      () => theirs.identify(administrator.peer),
      /certificate of another authority/,
      undefined,
    ],
    [
      "an expired host's certificate",
      () => ours.identify(agent.peer, -30 * DAY_MS),
      /certificate expired: host [\w-]+, on \d{4}-/,
      undefined,
    ],
    [
      "an expired administrator's certificate",
      () => ours.identify(administrator.peer, -30 * DAY_MS),
      /certificate expired: administrator local/,
      undefined,
    ],
    [
      "a certificate that is not valid yet",
      () => ours.identify(manager.peer, 30 * DAY_MS),
      /certificate not yet valid: compare the clocks: manager/,
      undefined,
    ],
    ["a host's certificate", async () => host, /not allowed on this port: host [\w-]+/, "host"],
    ["a manager's certificate", async () => manager, /not allowed on this port: manager [\w-]+/, "manager"],
    [
      "an administrator's certificate",
      async () => administrator,
      /not allowed on this port: administrator local/,
      "administrator",
    ],
  ])(
    "%s opens no port that it is not for",
    async (_, identity, reason, kind) => {
      const shown = await identity();
      for (const flow of open) {
        if (kind !== undefined && LETS_IN[flow]?.includes(kind)) continue;
        if (flow === "console") {
          // It asks for no certificate, so that one is never shown: whoever comes is nobody.
          expect(await get({ flow, path: "/api/v1/status", identity: shown })).toMatchObject({ status: 401 });
          continue;
        }
        const met = await meet(secure(flow, shown));
        expect(met.bytes).toEqual(Buffer.alloc(0));
        await refusedAt(flow, met, reason);
      }
    },
    TIMEOUT_MS,
  );

  it("another manager of the same authority cannot command the agent", async () => {
    const other = await ours.identify({ kind: "manager", id: "01900000-0000-7000-8000-000000000000" });
    const met = await meet(secure("backupControl", other));
    expect(met.bytes).toEqual(Buffer.alloc(0));
    await refusedAt("backupControl", met, /not the one who is expected on this port: manager 01900000/);
  });
});

describe.skipIf(process.platform !== "linux")("those who were let in", () => {
  const garbage: readonly [string, () => Buffer, RegExp][] = [
    [
      "a record of random bytes",
      () => encodeRecord(Buffer.concat([Buffer.of(0x7f, 1, 2, 3), systemRandom(60)])),
      /unknown value|truncated|left|needed|end/,
    ],
    [
      "a record that declares two gigabytes",
      () => Buffer.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3),
      /record: 2147483647 bytes declared, at most \d+ are taken/,
    ],
    ["a record of endlessly many empty fragments", () => Buffer.alloc(4 * 1_100), /record: more than 1024 fragments/],
    [
      "a message of an unknown kind",
      () => encodeRecord(Buffer.concat([Buffer.alloc(8), Buffer.of(0, 0, 0, 99), Buffer.alloc(12)])),
      /unknown value 0x/,
    ],
    ["an empty record", () => encodeRecord(Buffer.alloc(0)), /./],
  ];

  it.each(garbage)(
    "are hung up on for %s, at every flow of records",
    async (_, bytes, reason) => {
      for (const flow of RECORD_FLOWS) {
        const met = await meet(secure(flow, flow === "backupControl" ? manager : host, { send: bytes() }));
        // The agent greets its manager first (NDMP v4 §3.2.1); nothing comes after.
        expect(met.bytes.length).toBeLessThanOrEqual(flow === "backupControl" ? 60 : 0);
        await endedAt(flow, met, reason);
      }
    },
    TIMEOUT_MS,
  );

  it("without a certificate are hung up on for garbage where they may enrol", async () => {
    for (const [, bytes, reason] of garbage) {
      const met = await meet(secure("agentBrowser", undefined, { send: bytes() }));
      expect(met.bytes).toEqual(Buffer.alloc(0));
      const line = await up.logs(`"remotePort":${met.localPort},`);
      expect(line).toMatch(/agent-browser: hung up on 127\.0\.0\.1: broke the protocol: anonymous, /);
      expect(line).toMatch(reason);
    }
  });

  it("without a certificate may do nothing but enrol", async () => {
    const { ask, close } = await browserOf(undefined);
    const facts = factsOf("stranger");
    for (const attempt of [
      () => ask.advertise({ sentAtMs: 0, facts, ports: [] }),
      () => ask.renew({ certificateRequestPem: createKeyAndRequest().request }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "needsCertificate" });
    }
    close();
  });

  it("cannot enrol with a token that was used, that is wrong, or by trying on", async () => {
    const { id, secret } = parseEnrolmentToken(hostToken);
    const fresh = await api.hostToken({ body: { validSeconds: 600 } });
    const other = parseEnrolmentToken(fresh.token);
    keepSecret("the unused token", fresh.token);
    keepSecret("the unused token's secret", other.secret.toString("hex"));
    const attempt = (tokenId: Buffer, tokenSecret: Buffer) => ({
      tokenId,
      tokenSecret,
      certificateRequestPem: createKeyAndRequest().request,
      facts: factsOf("\u001b[2Jstranger"),
      ports: [],
    });
    const { ask, close } = await browserOf(undefined);
    await expect(ask.enroll(attempt(id, secret))).rejects.toMatchObject({ code: "usedToken" });
    await expect(ask.enroll(attempt(other.id, systemRandom(32)))).rejects.toMatchObject({ code: "unknownToken" });
    await expect(ask.enroll(attempt(systemRandom(16), other.secret))).rejects.toMatchObject({ code: "unknownToken" });
    await expect(ask.enroll(attempt(other.id, other.secret))).rejects.toMatchObject({ code: "tooMany" });
    close();
    await up.logs("agent-browser: refused 127.0.0.1: enrolment refused: this token was used by another host");
    await up.logs("agent-browser: refused 127.0.0.1: enrolment refused: this manager has given out no such token");
    expect(up.stderr).not.toContain("\\u001b[2J");
    expect((await api.hostList()).items.map(({ name }) => name).sort()).toHaveLength(2);
  });

  it(
    "as a host cannot touch a job or a session of another host",
    async () => {
      const job = await api.backupStart({ body: { host: idOf(agent), paths: ["/usr"] } });
      onTestFinished(() =>
        api.jobCancel({ params: { id: job.id } }).then(
          () => {},
          () => {},
        ),
      );
      const openBackup = { kind: "openBackup", version: DEDUP_VERSION, jobId: job.id } as const;
      const mine = await dedupManagerOf(host);
      const its = await dedupManagerOf(agent);

      // The agent itself may: so the refusals below are not for want of a job.
      const opened = await eventually("a session of the job's own host", async () => {
        const reply = await its.ask(openBackup);
        return reply.kind === "backupOpened" && reply;
      });
      const { sessionId, chunking } = opened;
      keepSecret("a session's id", sessionId.toString("hex"));
      keepSecret("the store's key of ids", chunking.idKey.toString("hex"));
      keepSecret("the store's key of cuts", chunking.gearKey.toString("hex"));

      expect(await mine.ask(openBackup)).toMatchObject({ kind: "refused", code: "unknownJob" });
      expect(await mine.ask({ ...openBackup, kind: "openRestore" })).toMatchObject({ code: "unknownJob" });
      expect(await mine.ask({ kind: "close", sessionId })).toMatchObject({ code: "unknownSession" });
      const nothing = { files: 0, directories: 0, bytes: 0, newBytes: 0, chunks: 0, problems: 0 };
      const commit = { sessionId, root: Buffer.alloc(32), startedAtMs: 0, finishedAtMs: 0, ...nothing };
      expect(await mine.ask({ kind: "commit", ...commit })).toMatchObject({ code: "unknownSession" });
      const engine = await dedupEngineOf(host);
      const id = Buffer.alloc(32);
      expect(await engine.ask({ kind: "get", chunk: "data", id })).toMatchObject({ code: "unknownSession" });
      expect(await engine.ask({ kind: "attach", version: DEDUP_VERSION, sessionId })).toMatchObject({
        code: "unknownSession",
      });
      expect(await engine.ask({ kind: "get", chunk: "data", id })).toMatchObject({ code: "unknownSession" });
      const itsEngine = await dedupEngineOf(agent);
      expect(await itsEngine.ask({ kind: "attach", version: DEDUP_VERSION, sessionId })).toMatchObject({
        kind: "attached",
      });
      await up.logs("request of an agent to the store refused", `"hostId":"${hostId}"`, `"code":"unknownJob"`);
      await up.logs("request of an agent to the store refused", `"hostId":"${hostId}"`, `"code":"unknownSession"`);
      for (const exchange of [mine, its, engine, itsEngine]) exchange.close();
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(process.platform !== "linux")("the API", () => {
  const cookieOf = (value: string) => ({ cookie: `__Host-rusuban=${value}` });
  const nobody: readonly [string, Readonly<Record<string, string>>][] = [
    ["without a cookie", {}],
    ["with an empty cookie", cookieOf("")],
    ["with a cookie that was made up", cookieOf(systemRandom(32).toString("base64url"))],
    ["with two cookies", { cookie: `__Host-rusuban=a; __Host-rusuban=${systemRandom(32).toString("base64url")}` }],
    ["with basic authorization", { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` }],
    ["with a bearer token", { authorization: "Bearer administrator" }],
    ["with a name in headers that proxies set", { "x-forwarded-user": "admin", "x-ssl-client-verify": "SUCCESS" }],
  ];

  it.each(nobody)(
    "gives nothing on any route %s",
    async (_, headers) => {
      const asked: string[] = [];
      for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
        if (route.role === "anyone") continue;
        const path = route.path.replaceAll(/:(\w+)/g, (_match, key) => (key === "host" ? idOf(agent) : "latest"));
        const reply = await get({ flow: "console", path, method: route.method, headers: { ...headers, ...ownPage() } });
        const isThere = route.listener !== "administration";
        expect({ name, status: reply.status }).toEqual({ name, status: isThere ? 401 : 404 });
        expect(Object.keys(JSON.parse(reply.body))).toEqual(["error"]);
        expect(reply.body).not.toContain(hostId);
        asked.push(name);
      }
      expect(asked.length).toBeGreaterThan(15);
      for (const path of ["/api/v1/openapi.json", "/api/v1/status?x=1", "/api/v1//status", "/API/v1/status"]) {
        const { status, body } = await get({ flow: "console", path, headers });
        expect([401, 404]).toContain(status);
        expect(body).not.toContain("listening");
      }
    },
    TIMEOUT_MS,
  );

  it("takes no order from another site's page", async () => {
    for (const headers of [{}, { origin: "https://evil.example" }, { ...ownPage(), "sec-fetch-site": "cross-site" }]) {
      const { status, body } = await get({ flow: "console", path: "/api/v1/sign-in-links", method: "POST", headers });
      expect({ status, keys: Object.keys(JSON.parse(body)) }).toEqual({ status: 403, keys: ["error"] });
    }
  });

  it("gives the console's own files and nothing else of the disk", async () => {
    const page = await get({ flow: "console", path: "/" });
    expect(page.status).toBe(200);
    for (const path of [
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
      "/..%2f..%2f..%2fetc%2fpasswd",
      "/%252e%252e/etc/passwd",
      "/..%5c..%5cetc%5cpasswd",
      "//etc/passwd",
      "/assets/../../../package.json",
      "/assets/%00",
      `/${"a".repeat(5_000)}`,
    ]) {
      const { status, body } = await get({ flow: "console", path });
      expect(body).not.toMatch(/root:|"rusuban"|dependencies/);
      if (status === 200) expect(normalized(body)).toBe(normalized(page.body));
    }
  });

  it(
    "knows a session by its whole cookie, and a sign-in link once",
    async () => {
      const token = report.signInUrl.split("#sign-in=")[1] ?? "";
      keepSecret("the sign-in link", token);
      const byLink = () => post("/api/v1/session/link", { token });
      const signedIn = await byLink();
      expect(signedIn.status).toBe(200);
      const cookie = /__Host-rusuban=([\w-]+);/.exec(String(signedIn.headers["set-cookie"]))?.[1] ?? "";
      keepSecret("a session's cookie", cookie);
      const status = async (value: string) =>
        (await get({ flow: "console", path: "/api/v1/session", headers: cookieOf(value) })).status;
      expect(await status(cookie)).toBe(200);
      for (let at = 0; at < cookie.length; at++) {
        const other = cookie[at] === "A" ? "B" : "A";
        expect({ at, status: await status(cookie.slice(0, at) + other + cookie.slice(at + 1)) }).toEqual({
          at,
          status: 401,
        });
      }
      expect(await status(cookie.slice(0, -1))).toBe(401);
      expect(await status(`${cookie}A`)).toBe(401);
      expect((await byLink()).status).toBe(401);

      const password = "seven bronze kettles";
      keepSecret("a password", password);
      const set = await get({
        flow: "console",
        path: "/api/v1/session/password",
        method: "PUT",
        headers: { ...ownPage(), ...cookieOf(cookie) },
        body: { password },
      });
      expect(set.status).toBe(204);
      expect((await post("/api/v1/session/password", { name: "admin", password: `${password}!` })).status).toBe(401);
      expect((await post("/api/v1/session/password", { name: "admin", password })).status).toBe(200);
      await up.logs('"listener":"console"', '"reason":"sign-in: name or password is wrong"', `"ip":"${LOOPBACK}"`);
    },
    TIMEOUT_MS,
  );

  it("is not there for garbage within TLS, at either of its ports", async () => {
    for (const [flow, identity] of [
      ["console", undefined],
      ["administration", administrator],
    ] as const) {
      for (const send of [systemRandom(200), Buffer.from(`GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`)]) {
        const met = await meet(secure(flow, identity, { send }));
        expect(met.bytes.toString("latin1")).toMatch(
          /^HTTP\/1\.1 4(00|31) [^{]*(\{"error":"[\w ]+","message":"[\w ]+","statusCode":4\d\d\})?$/,
        );
        const line = await up.logs(`"remotePort":${met.localPort},`, `"flow":"${flow}"`);
        expect(JSON.parse(line).msg).toMatch(
          /hung up on 127\.0\.0\.1: broke the protocol: (anonymous|administrator local), HTTP: HPE_/,
        );
      }
    }
  });
});

describe.skipIf(process.platform !== "linux")("a flood", () => {
  it(
    "of strangers at all ports at once takes neither memory, nor the log, nor anybody's turn",
    async () => {
      const foreign = await theirs.identify(host.peer);
      const before = await memory();
      const linesBefore = up.stderr.split("\n").length;
      const witness = witnessService();
      const turns = (count: number, atOnce: number, one: () => Promise<unknown>) =>
        Promise.all(
          Array.from({ length: atOnce }, async () => {
            for (let turn = 0; turn < count / atOnce; turn++) await one();
          }),
        );
      let connections = 0;
      for (const flow of open) {
        await Promise.all([
          turns(600, 60, () => meet(plain(flow, Buffer.concat([Buffer.of(0), systemRandom(200)])))),
          turns(120, 12, () => meet(plain(flow, Buffer.from("GET / HTTP/1.0\r\n\r\n")))),
          turns(80, 8, () => meet(secure(flow, foreign, { send: Buffer.from("x") }))),
          // Far more than are let into a handshake: the rest is turned away at once.
          ...Array.from({ length: 2 * LISTENER_LIMITS.handshakesPerAddressMax }, async () => {
            const silent = plain(flow);
            await Promise.race([meet(silent), pause(systemClock, 1_500)]);
            silent.destroy();
          }),
        ]);
        connections += 600 + 120 + 80 + 2 * LISTENER_LIMITS.handshakesPerAddressMax;
      }
      // Those who may come in without a certificate, each with as much of a record as they are allowed to hold.
      const held = Array.from({ length: 2 * LISTENER_LIMITS.anonymousPerAddressMax }, () =>
        secure("agentBrowser", undefined, {
          send: Buffer.concat([Buffer.of(0x80, 0, 0x7f, 0xff), Buffer.alloc(32_000)]),
        }),
      );
      await Promise.allSettled(held.map((socket) => once(socket, "secureConnect")));
      const during = await memory();
      for (const socket of held) socket.destroy();
      const service = await witness.end();

      figures.push(
        `RSS of the manager ${before.manager} → ${during.manager} MiB, of the agent ${before.agent} → ${during.agent} MiB after ${connections} strangers`,
        `slowest answer meanwhile ${Math.round(service.slowestMs)} ms of ${service.answers}`,
      );
      expect(during.manager - before.manager).toBeLessThan(GROWTH_MIB_MAX);
      expect(during.agent - before.agent).toBeLessThan(GROWTH_MIB_MAX);
      expect(service.failures).toEqual([]);
      expect(service.answers).toBeGreaterThan(5);
      expect(service.slowestMs).toBeLessThan(SERVED_WITHIN_MS);
      const refusals = up.stderr
        .split("\n")
        .slice(linesBefore)
        .filter((line) => line.includes('"refusal"'));
      const kinds = new Set(refusals.map((line) => `${JSON.parse(line).flow} ${JSON.parse(line).refusal}`));
      // A window may end and another begin while it lasts, and each that ends has one line more.
      expect(refusals.length).toBeLessThanOrEqual(kinds.size * (2 * REFUSAL_LINES_PER_WINDOW + 1));
      expect(await api.hostList()).toMatchObject({
        items: expect.arrayContaining([expect.objectContaining({ state: "up" })]),
      });
    },
    TIMEOUT_MS,
  );

  it(
    "of half-sent records by an enrolled host gone bad is bounded, and is over when it is over",
    async () => {
      const before = await memory();
      const witness = witnessService();
      const header = Buffer.alloc(4);
      header.writeUInt32BE(0x8000_0000 + DEDUP_ENGINE_RECORD_BYTES_MAX);
      const most = Buffer.concat([header, Buffer.alloc(DEDUP_ENGINE_RECORD_BYTES_MAX - 1)]);
      const sockets = Array.from({ length: 40 }, () => secure("dedupEngine", host, { send: most }));
      const refused = sockets.map((socket) => meet(socket));
      await eventually(
        "those that are too many to be turned away",
        () => sockets.filter((socket) => socket.closed).length >= 40 - 16,
      );
      await eventually("what the rest has sent to arrive", () =>
        sockets.every(({ closed, writableLength }) => closed || writableLength === 0),
      );
      const during = await memory();
      expect(sockets.filter((socket) => !socket.closed)).toHaveLength(16);
      for (const socket of sockets) socket.destroy();
      await Promise.all(refused);
      const service = await witness.end();
      figures.push(`with 16 half-sent records of 9 MiB ${before.manager} → ${during.manager} MiB`);
      expect(during.manager - before.manager).toBeLessThan(HOST_GROWTH_MIB_MAX);
      expect(service.failures).toEqual([]);
      await up.logs("dedup-engine: refused 127.0.0.1: too many connections of this peer: host");
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(process.platform !== "linux")("a host that is removed", () => {
  it(
    "is cut off at once at every port it had, and never comes in again, with none of its certificates",
    async () => {
      const flows = ["agentBrowser", "managerReport", "dedupEngine", "dedupManager"] as const;
      const { ask, close } = await browserOf(host);
      const renewal = createKeyAndRequest();
      keepSecret("a renewed key", bodyOf(renewal.key));
      const { certificatePem } = await ask.renew({ certificateRequestPem: renewal.request });
      close();
      const renewed = new Identity({ key: renewal.key, certificate: certificatePem, authority: host.authority });

      const live = await Promise.all(
        flows.flatMap((flow) =>
          [host, renewed].map(async (identity) => {
            const send =
              flow === "managerReport"
                ? encodeRecord(encode(ReportRequest, { kind: "hello", version: REPORT_VERSION, agentVersion: "0" }))
                : undefined;
            const socket = secure(flow, identity, send === undefined ? {} : { send });
            const ended = meet(socket);
            // Asked for before anything is awaited: on a busy machine the welcome is there before all eight are through.
            const welcomed = flow === "managerReport" ? once(socket, "data") : undefined;
            await once(socket, "secureConnect");
            return { socket, ended, welcomed };
          }),
        ),
      );
      const welcomes = await Promise.all(live.flatMap(({ welcomed }) => welcomed ?? []));
      expect(welcomes.map(([bytes]) => decode(ReportReply, (bytes as Buffer).subarray(4)).kind)).toEqual([
        "welcome",
        "welcome",
      ]);
      // With TLS 1.3 the client is through before the server has judged it.
      await pause(systemClock, 300);
      expect(live.filter(({ socket }) => socket.closed)).toEqual([]);

      const at = systemClock.monotonic();
      await api.hostRemove({ params: { host: hostId } });
      await Promise.all(live.map(({ ended }) => ended));
      const tookMs = systemClock.monotonic() - at;
      figures.push(`eight live connections of a removed host ended within ${Math.round(tookMs)} ms`);
      expect(tookMs).toBeLessThan(1_000);

      for (const identity of [host, renewed]) {
        for (const flow of flows) {
          const met = await meet(secure(flow, identity));
          expect(met.bytes).toEqual(Buffer.alloc(0));
          await refusedAt(flow, met, new RegExp(`certificate revoked: host ${hostId}, serial ${identity.serial}`));
        }
      }
      const again = await browserOf(undefined);
      const { id, secret } = parseEnrolmentToken(hostToken);
      await expect(
        again.ask.enroll({
          tokenId: id,
          tokenSecret: secret,
          certificateRequestPem: createKeyAndRequest().request,
          facts: factsOf("x"),
          ports: [],
        }),
      ).rejects.toMatchObject({ code: "usedToken" });
      again.close();
      expect((await api.hostList()).items.map((each) => each.id)).toEqual([idOf(agent)]);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(process.platform !== "linux")("the log", () => {
  it("holds none of the secrets, at its most talkative, and no command line does", async () => {
    keepSecret("the token of the second host", hostToken);
    keepSecret("its secret", parseEnrolmentToken(hostToken).secret.toString("hex"));
    keepSecret("the store's passphrase", (await readFile(join(data, "manager/store-passphrase"), "utf8")).trim());
    for (const file of globSync("**/*.pem", { cwd: data })) {
      for (const key of readFileSync(join(data, file), "utf8").match(/-----BEGIN PRIVATE KEY-----[^-]+/g) ?? []) {
        keepSecret(`the key in ${file}`, bodyOf(key));
      }
    }
    expect([...secrets.keys()]).toEqual(
      expect.arrayContaining([
        "the sign-in link",
        "a password",
        "the store's passphrase",
        "the key in manager/authority/authority.pem",
      ]),
    );
    const told = await Promise.all(
      [programs.manager, programs.agent, up.pid].map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8")),
    );
    const text = [up.stderr, ...told].join("\n");
    const found = [...secrets].filter(([, secret]) => secret.length < 8 || text.includes(secret)).map(([name]) => name);
    expect(found).toEqual([]);
    expect(text).not.toMatch(/PRIVATE KEY|rusuban1_/);
    expect(up.logLines('"level":20').length).toBeGreaterThan(10); // It was talkative indeed.
  });

  it("tells of no failure of our own", () => {
    expect(up.logLines('"level":50')).toEqual([]);
    expect(up.stderr).not.toMatch(/assertion|unhandled|TypeError/i);
  });
});

interface Met {
  /** What came back, without what belongs to TLS. */
  readonly bytes: Buffer;
  readonly localPort: number;
}

/** Until the other side has hung up. */
async function meet(socket: Socket): Promise<Met> {
  const chunks: Buffer[] = [];
  let localPort = socket.localPort ?? 0;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  socket.once("connect", () => {
    localPort = socket.localPort ?? 0;
  });
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { bytes: Buffer.concat(chunks), localPort };
}

function plain(flow: FlowKey, bytes?: Buffer): Socket {
  const socket = connect(ports[flow], LOOPBACK);
  socket.on("error", () => {});
  if (bytes !== undefined && bytes.length > 0) socket.write(bytes);
  return socket;
}

function secure(
  flow: FlowKey,
  identity: Identity | undefined,
  { send, maxVersion = "TLSv1.3" }: { send?: Buffer; maxVersion?: "TLSv1.2" | "TLSv1.3" } = {},
): TLSSocket {
  const socket = connectTls({
    host: LOOPBACK,
    port: ports[flow],
    ...identity?.secureContextOptions(),
    rejectUnauthorized: false,
    maxVersion,
  });
  socket.on("error", () => {});
  if (send !== undefined) socket.once("secureConnect", () => socket.write(send));
  return socket;
}

async function atEveryPort(attempt: (flow: FlowKey) => Promise<void>): Promise<void> {
  await Promise.all(open.map(attempt));
}

/** The log names flow, address and reason for just this connection. */
async function refusedAt(flow: FlowKey, { localPort }: Met, reason: RegExp): Promise<void> {
  const line = await up.logs(`"remotePort":${localPort},`, `"flow":"${flowName(flow)}"`, '"refusal"');
  const { msg, remoteAddress, level } = JSON.parse(line);
  expect({ level, remoteAddress }).toEqual({ level: 40, remoteAddress: LOOPBACK });
  expect(msg).toMatch(new RegExp(`^${flowName(flow)}: refused ${LOOPBACK}: `));
  expect(msg).toMatch(reason);
}

/** The same for a peer that was known when it broke the rules. */
async function endedAt(flow: FlowKey, { localPort }: Met, reason: RegExp): Promise<void> {
  if (flow === "managerReport") {
    const line = await up.logs('"msg":"report session broke"', `"flow":"${flowName(flow)}"`, `"host":"${hostId}"`);
    expect(JSON.parse(line).error).toBe("WireError");
    return;
  }
  const line = await up.logs(`"remotePort":${localPort},`, `"flow":"${flowName(flow)}"`);
  const who = flow === "backupControl" ? "manager" : `host ${hostId}`;
  const { msg } = JSON.parse(line);
  expect(msg).toContain(`${flowName(flow)}: hung up on ${LOOPBACK}: broke the protocol: ${who}`);
  expect(msg).toMatch(reason);
}

/** The first flight of an honest TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen({ host: LOOPBACK, port: 0 });
  await once(server, "listening");
  const client = connectTls({ host: LOOPBACK, port: (server.address() as { port: number }).port });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

async function identityIn(folder: string): Promise<Identity> {
  const identity = await loadIdentity(join(data, folder));
  if (identity === undefined) throw new Error(`${folder} holds no identity`);
  return identity;
}

function idOf({ peer }: Identity): string {
  if (peer.kind !== "host") throw new Error(`${peer.kind} is no host`);
  return peer.hostId;
}

function factsOf(hostname: string) {
  return { hostname, platform: "linux", operatingSystem: "Linux", architecture: "x64", agentVersion: "0" };
}

const DIALOG = { clock: systemClock, timeoutMs: 20_000 };

async function channelTo(
  flow: FlowKey,
  identity: Identity | undefined,
  recordBytesMax = DEDUP_ENGINE_RECORD_BYTES_MAX,
) {
  const destination = { flow: flowName(flow), host: LOOPBACK, port: ports[flow] };
  const trust = { pinnedFingerprint: report.authorityFingerprint };
  const { socket } = await dialTls({ ...destination, identity, trust, expect: { kind: "manager" }, ...DIALOG });
  return openRecordChannel(socket, { destination, recordBytesMax, idleTimeoutMs: 60_000, clock: systemClock });
}

async function browserOf(identity: Identity | undefined) {
  const ask = createBrowserClient(await channelTo("agentBrowser", identity), DIALOG);
  return { ask, close: ask.close };
}

async function exchangeOf<Request, Reply>(
  flow: FlowKey,
  identity: Identity,
  codecs: { request: Codec<Request>; reply: Codec<Reply> },
) {
  return createExchange(await channelTo(flow, identity), { ...codecs, ...DIALOG });
}

const dedupManagerOf = (identity: Identity) =>
  exchangeOf("dedupManager", identity, { request: DedupManagerRequest, reply: DedupManagerReply });
const dedupEngineOf = (identity: Identity) =>
  exchangeOf("dedupEngine", identity, { request: DedupEngineRequest, reply: DedupEngineReply });

/** Becomes a host, as an agent does. */
async function enrol(token: string): Promise<{ identity: Identity; hostId: string }> {
  const { id, secret } = parseEnrolmentToken(token);
  const { key, request: certificateRequestPem } = createKeyAndRequest();
  keepSecret("the second host's key", bodyOf(key));
  const { ask, close } = await browserOf(undefined);
  const enrolled = await ask.enroll({
    tokenId: id,
    tokenSecret: secret,
    certificateRequestPem,
    facts: factsOf("second"),
    ports: [],
  });
  close();
  const identity = new Identity({ key, certificate: enrolled.certificatePem, authority: enrolled.authorityPem });
  return { identity, hostId: enrolled.hostId };
}

function keepSecret(name: string, secret: string): void {
  secrets.set(name, secret);
}

/** A line of the middle of a key's text, which no log could hold by chance. */
function bodyOf(pem: string): string {
  createPrivateKey(`${pem.split("-----END")[0]}-----END PRIVATE KEY-----\n`); // It is one.
  return pem.split("\n")[2] ?? "";
}

function ownPage(): Readonly<Record<string, string>> {
  return { origin: report.consoleUrl, "sec-fetch-site": "same-origin" };
}

interface Asked {
  readonly flow: FlowKey;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identity?: Identity | undefined;
  readonly body?: object;
}

async function get({ flow, path, method = "GET", headers = {}, identity, body }: Asked) {
  const options: RequestOptions = {
    host: LOOPBACK,
    port: ports[flow],
    path,
    method,
    agent: false,
    rejectUnauthorized: false,
    ...identity?.secureContextOptions(),
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
  };
  const sent = request(options);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, unknown>,
    body: Buffer.concat(chunks).toString(),
  };
}

function post(path: string, body: object) {
  return get({ flow: "console", path, method: "POST", headers: ownPage(), body });
}

/** A page without what differs each time. */
function normalized(page: string): string {
  return page.replaceAll(/nonce="[^"]*"/g, "");
}

async function memory(): Promise<{ readonly manager: number; readonly agent: number }> {
  const [ofManager, ofAgent] = await Promise.all([residentMib(programs.manager), residentMib(programs.agent)]);
  return { manager: Math.round(ofManager), agent: Math.round(ofAgent) };
}

/** Somebody honest who asks something of the manager, again and again. */
function witnessService() {
  const stop = new AbortController();
  const service = { answers: 0, slowestMs: 0, failures: [] as string[] };
  const running = (async () => {
    while (!stop.signal.aborted) {
      const at = systemClock.monotonic();
      try {
        await api.status();
        service.answers += 1;
      } catch (error) {
        service.failures.push(String(error));
      }
      service.slowestMs = Math.max(service.slowestMs, systemClock.monotonic() - at);
      await pause(systemClock, 50, stop.signal);
    }
  })();
  return {
    async end() {
      stop.abort();
      await running;
      return service;
    },
  };
}
