import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiClient } from "../../api/client.ts";
import type { Host } from "../../model/host.ts";
import { ConnectError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { type ApiFixture, clientOf, createApiFixture, identifyAs } from "./api-fixture.ts";
import { chooseGauges } from "./host-overview.ts";
import { fillSampleFleet, sampleAlert, sampleJob, sampleReadings, uuid } from "./sample-fleet-fixture.ts";

const clock = new FakeClock();
let fixture: ApiFixture;
let client: ApiClient;
let hosts: Record<"web" | "database" | "files" | "branch" | "mail", Host>;
beforeEach(async () => {
  fixture = await createApiFixture({ clock, identify: identifyAs("administrator") });
  hosts = fillSampleFleet(fixture.fleet, clock.now());
  client = clientOf(fixture.administration);
});
afterEach(() => fixture.close());

it("tells the manager's state, its listeners and why one is not open", async () => {
  const status = await client.status();
  expect(status.counts.hosts).toEqual({ up: 4, unreachable: 1, unknown: 0, revoked: 0 });
  expect(status.counts.openAlertsBySeverity.critical).toBe(1);
  expect(status.flows.filter((flow) => !flow.listening).map((flow) => flow.problem)).toEqual([
    "port 44302 is already in use by snmptrapd (pid 812)",
  ]);
});

describe("hosts", () => {
  it("come with what one wants to see first, page by page", async () => {
    const first = await client.hostList({ query: { limit: 3 } });
    const second = await client.hostList({ query: { limit: 3, after: first.next ?? "" } });
    expect(second.next).toBeNull();
    const all = [...first.items, ...second.items];
    expect(all.map((host) => host.name)).toEqual([
      "db-primary",
      "mail-gw",
      "osaka-nas",
      "web-01",
      "ファイルサーバー 本社",
    ]);
    const files = all.at(-1);
    expect(files).toMatchObject({ readingState: "critical", openAlerts: 1, worstOpenSeverity: "critical" });
    expect(files?.gauges[0]?.component).toBe("file system /var");
    expect(files?.lastSnapshot?.id).toBe(uuid(0x2002));
  });

  it("are found by id and by name, whatever letters it has", async () => {
    const byName = await client.hostShow({ params: { host: "ファイルサーバー 本社" } });
    expect(byName).toEqual(await client.hostShow({ params: { host: hosts.files.id } }));
  });

  it("are renamed to names that are free, and removed", async () => {
    const params = { host: hosts.web.id };
    expect((await client.hostChange({ params, body: { name: "web-02" } })).name).toBe("web-02");
    await expect(client.hostChange({ params, body: { name: "mail-gw" } })).rejects.toMatchObject({ code: "conflict" });
    await client.hostRemove({ params });
    expect((await client.hostShow({ params })).state).toBe("revoked");
  });

  it("are put into groups, whose state is the worst of what is watched", async () => {
    await client.hostChange({ params: { host: "web-01" }, body: { group: "tokyo/web" } });
    await client.hostChange({ params: { host: "osaka-nas" }, body: { group: "tokyo" } });
    expect((await client.groupList({})).items).toMatchObject([
      { group: "tokyo", hosts: 2, unwatched: 0, state: "critical" },
      { group: "tokyo/web", hosts: 1, state: "ok", openAlerts: 1 },
    ]);
    await client.hostChange({ params: { host: "osaka-nas" }, body: { watched: false } });
    expect((await client.groupList({})).items[0]).toMatchObject({ unwatched: 1, state: "ok" });
    for (const group of ["/", "a//b", "a/", "-a"]) {
      const change = client.hostChange({ params: { host: "web-01" }, body: { group } });
      await expect(change).rejects.toMatchObject({ code: "invalid-request" });
    }
  });

  it("have a history by the series that there are", async () => {
    const params = { host: "web-01" };
    const { series } = await client.hostSeries({ params });
    expect(series).toContainEqual({ component: "memory", measure: "used", unit: "ratio" });
    const query = { component: "memory", measure: "used", points: 20 };
    const { points, unit } = await client.hostHistory({ params, query });
    expect([unit, points.length > 10 && points.length <= 20]).toEqual(["ratio", true]);
    await expect(client.hostHistory({ params, query: { ...query, measure: "x" } })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(client.hostHistory({ params, query: { ...query, fromMs: 2, toMs: 1 } })).rejects.toMatchObject({
      code: "invalid-request",
    });
  });

  it("show at most a handful of gauges, the worst first", () => {
    const many = [
      ...sampleReadings({ cpu: 0.1, memory: 0.97, disk: 0.9 }),
      ...sampleReadings({ cpu: 0, memory: 0, disk: 0 }),
    ];
    const gauges = chooseGauges(many);
    expect(gauges).toHaveLength(6);
    expect(gauges.slice(0, 2).map((gauge) => gauge.state)).toEqual(["critical", "warning"]);
  });
});

describe("maintenance", () => {
  it("is added for a host, a group or all, listed, and ended", async () => {
    const one = await client.maintenanceAdd({ body: { host: "web-01", seconds: 3_600, note: "kernel" } });
    expect(one).toMatchObject({ scope: { kind: "host", hostId: hosts.web.id }, underWay: true, note: "kernel" });
    const cron = await client.maintenanceAdd({ body: { group: "tokyo", seconds: 60, cron: "0 2 * * 0" } });
    expect(cron).toMatchObject({ underWay: false, schedule: { timeZone: "UTC" } });
    expect(cron.next?.toMs).toBe((cron.next?.fromMs ?? 0) + 60_000);
    expect((await client.maintenanceList({})).items.map(({ id }) => id)).toEqual([one.id, cron.id]);
    await client.maintenanceEnd({ params: { id: one.id } });
    await expect(client.maintenanceEnd({ params: { id: one.id } })).rejects.toMatchObject({ code: "not-found" });
  });

  it.each([
    ["a host and a group", { host: "web-01", group: "a", seconds: 60 }, /a window concerns one of the two/],
    ["a beginning and a cron", { fromMs: 1, cron: "0 2 * * 0", seconds: 60 }, /begins once, or again and again/],
    ["no cron", { cron: "soon", seconds: 60 }, /body\.cron: "soon" has not five fields/],
    ["no time zone", { cron: "0 2 * * 0", timeZone: "Tokyo", seconds: 60 }, /body\.timeZone: "Tokyo" is no time zone/],
  ])("is refused with %s", async (_, body, problem) => {
    const adding = client.maintenanceAdd({ body });
    await expect(adding).rejects.toMatchObject({ code: "invalid-request" });
    await expect(adding).rejects.toThrow(problem);
  });
});

describe("alerts", () => {
  it("are filtered by state, severity, host and text", async () => {
    const { items } = await client.alertList({ query: { state: "open", severityMin: "major" } });
    expect(items.map((alert) => alert.severity)).toEqual(["critical", "major"]);
    const ofWeb = await client.alertList({ query: { host: "web-01", state: ["open", "cleared"], text: "started" } });
    expect(ofWeb.items).toHaveLength(1);
  });

  it("are acknowledged in the caller's name, once", async () => {
    const ids = [uuid(0x1003), uuid(0x1007), uuid(0x9999)];
    expect(await client.alertAcknowledge({ body: { ids } })).toEqual({
      acknowledged: [ids[0]],
      unchanged: [ids[1]],
      unknown: [ids[2]],
    });
    const shown = await client.alertShow({ params: { id: uuid(0x1003) } });
    expect(shown).toMatchObject({ state: "acknowledged", acknowledgedBy: "the administrator" });
    expect((await client.alertAcknowledge({ body: { ids } })).acknowledged).toEqual([]);
  });

  it("of two hosts with the same id are told apart by the host", async () => {
    fixture.fleet.putAlert(sampleAlert(3, hosts.web, clock.now()));
    const params = { id: uuid(0x1003) };
    await expect(client.alertShow({ params })).rejects.toMatchObject({ code: "ambiguous" });
    expect((await client.alertShow({ params, query: { host: "web-01" } })).hostName).toBe("web-01");
  });

  it("for testing are raised once for each id, however often they are asked for", async () => {
    const body = { host: "web-01", ids: [uuid(1), uuid(2)] };
    expect(await client.alertTest({ body })).toEqual({ ids: body.ids });
    await client.alertTest({ body });
    const { items } = await client.alertList({ query: { text: "test alert" } });
    expect(items).toHaveLength(2);
    expect((await client.alertTest({ body: { host: "web-01", count: 5 } })).ids).toHaveLength(5);
    await expect(client.alertTest({ body: { ...body, count: 3 } })).rejects.toMatchObject({ code: "invalid-request" });
  });
});

describe("jobs", () => {
  it("start with what was ordered, in the caller's name", async () => {
    const job = await client.backupStart({ body: { host: "web-01", paths: ["/etc"] } });
    expect(job).toMatchObject({
      kind: "backup",
      state: "queued",
      hostName: "web-01",
      requestedBy: "the administrator",
    });
    await expect(client.backupStart({ body: { host: "web-01", paths: ["etc"] } })).rejects.toThrow(
      /body\.paths\[0\]: an absolute path/,
    );
  });

  it("restore names that are not text by their bytes, to the snapshot's own host where none is named", async () => {
    const bytes = Buffer.from([0x2f, 0xff, 0xfe]);
    const rawPaths = [bytes.toString("base64")];
    await client.restoreStart({ body: { snapshot: uuid(0x2003), paths: ["/表"], rawPaths, target: "/tmp/restored" } });
    expect(fixture.fleet.restores[0]).toMatchObject({
      host: { name: "db-primary" },
      paths: [Buffer.from("/表"), bytes],
      overwrite: "never",
      dryRun: false,
    });
  });

  it("tell their log to who waits, as soon as there is a line, and that it has ended", async () => {
    const job = sampleJob(1, hosts.files, clock.now());
    const lines = [{ atMs: clock.now(), level: "info" as const, text: "reading /srv/files" }];
    const params = { id: job.id };
    const waiting = client.jobLog({ params, query: { waitSeconds: 20 } });
    await clock.advance(1_000);
    fixture.fleet.putJob(job, lines);
    expect(await waiting).toEqual({ lines, next: 1, ended: false });
    const last = client.jobLog({ params, query: { from: 1, waitSeconds: 20 } });
    await clock.advance(1_000);
    fixture.fleet.putJob({ ...job, state: "done", endedAtMs: clock.now() });
    expect(await last).toEqual({ lines: [], next: 1, ended: true });
  });

  it("answer who waits in vain when the time is over", async () => {
    const waiting = client.jobLog({ params: { id: uuid(0x3001) }, query: { waitSeconds: 20 } });
    await expect.poll(() => clock.pending).toBeGreaterThan(0);
    await clock.advance(20_000);
    expect(await waiting).toEqual({ lines: [], next: 0, ended: false });
  });

  it("are cancelled once", async () => {
    const params = { id: uuid(0x3001) };
    expect((await client.jobCancel({ params })).state).toBe("canceled");
    expect((await client.jobCancel({ params })).state).toBe("canceled");
  });
});

it("lists a directory of a snapshot, and says when there is no such directory", async () => {
  const snapshot = uuid(0x2001).slice(0, 36);
  expect((await client.snapshotEntries({ params: { snapshot } })).items).toEqual([]);
  const wrong = client.snapshotEntries({ params: { snapshot }, query: { path: "/nowhere" } });
  await expect(wrong).rejects.toMatchObject({ code: "not-found", message: expect.stringContaining('"/nowhere"') });
});

it("passes on which flow, host and port could not be reached", async () => {
  const destination = { flow: "backupControl", host: "192.0.2.11", port: 1 };
  fixture.fleet.jobs.startBackup = async () => {
    throw new ConnectError(destination, "ECONNREFUSED", "nothing listens there");
  };
  const failing = client.backupStart({ body: { host: "web-01", paths: ["/etc"] } });
  await expect(failing).rejects.toMatchObject({
    code: "host-unreachable",
    message: "backupControl to 192.0.2.11:1: nothing listens there",
  });
});

describe("servers that are asked by SNMP", () => {
  const server = { name: "switch1", address: "192.0.2.50" } as const;
  const community = { version: "2c", community: "watch-only" } as const;
  const password = { protocol: "sha256", password: "correct horse" } as const;
  const user = { version: "3", user: "monitor" } as const;

  it("are added with what they may be asked by, which no reply and no audit trail gives back", async () => {
    const added = await client.hostAdd({ body: { ...server, means: "snmp", snmp: community } });
    expect(added.means).toBe("snmp");
    expect(JSON.stringify(added)).not.toContain("watch-only");
  });

  it.each([
    [{ means: "snmp" }, /must be said/],
    [{ means: "ping", snmp: community }, /only with the means snmp/],
    [{ means: "snmp", snmp: community, trust: { kind: "plain" } }, /not with SNMP/],
    [{ means: "snmp", snmp: community, account: { name: "a", password: "b" } }, /not with SNMP/],
    [
      { means: "snmp", snmp: { ...user, authentication: null, privacy: { ...password, protocol: "aes" } } },
      /only together with authentication/,
    ],
    [
      { means: "snmp", snmp: { ...user, authentication: { ...password, password: "short" }, privacy: null } },
      /password/,
    ],
  ] as const)("are refused with %j", async (body, problem) => {
    const adding = client.hostAdd({ body: { ...server, ...body } as never });
    await expect(adding).rejects.toMatchObject({ code: "invalid-request", message: expect.stringMatching(problem) });
  });
});

it("tells and sets thresholds of servers without our agent only", async () => {
  const { id } = await client.hostAdd({ body: { name: "nas1", address: "192.0.2.51", means: "ping" } });
  const params = { host: "nas1" };
  const own = { fileSystems: { "/archive": { warning: null, critical: null } } };
  expect(await client.hostThresholds({ params })).toMatchObject({ hostId: id, own: {} });
  expect(await client.hostThresholdsSet({ params, body: own })).toMatchObject({ hostId: id, own });
  const ofAgent = client.hostThresholdsSet({ params: { host: hosts.web.id }, body: own });
  await expect(ofAgent).rejects.toMatchObject({ code: "invalid-request" });
  const wrong = client.hostThresholdsSet({ params, body: { memory: { warning: 2, critical: null } } });
  await expect(wrong).rejects.toMatchObject({ code: "invalid-request" });
});
