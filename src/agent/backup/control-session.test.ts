import { describe, expect, it } from "vitest";
import { openNdmpConnection } from "../../protocols/ndmp/connection.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { createChannelPair } from "../../wire/channel.ts";
import { type ControlNeeds, type JobReport, serveControl } from "./control-session.ts";

const JOB = "0190b6a2-7e1c-7d3e-8a11-000000000001";
const backup = { jobId: JOB, paths: [Buffer.from("/etc")], excludes: [], oneFileSystem: false };
const EXTENSION = { extensions: [{ classId: 0x21e0, version: 1 }] };

function connect(changed: Partial<ControlNeeds> = {}) {
  const [near, far] = createChannelPair();
  const clock = new FakeClock();
  const posts: unknown[] = [];
  const note = (name: string) => (body: object) => void posts.push({ name, ...body });
  const served = serveControl(far, {
    runBackup: async () => ({ outcome: "done", reason: "", snapshotId: JOB }),
    runRecover: async () => ({ outcome: "done", reason: "", snapshotId: null }),
    raiseTestAlerts: async () => {},
    answerDoctor: async (body) => Buffer.concat([Buffer.from("heard "), body]),
    allowed: { paths: ["/"], targets: ["/tmp"] },
    takePlace: () => ({ taken: true, leave() {} }),
    host: { hostname: "web1", osType: "linux", osVersion: "Debian", hostId: JOB },
    agentVersion: "0.1.0",
    clock,
    log: silentLog,
    ...changed,
  }).catch((error: unknown) => error);
  const ndmp = openNdmpConnection(near, {
    clock,
    timeoutMs: 1_000,
    calls: {},
    posts: {
      notifyConnectionStatus: note("status"),
      notifyProgress: note("progress"),
      notifyProblem: note("problem"),
      notifyOutcome: note("outcome"),
      notifyDataHalted: note("halted"),
    },
  });
  const open = async () => {
    await ndmp.call("connectOpen", { protocolVersion: 4 });
    await ndmp.call("configSetExtList", EXTENSION);
  };
  return { ndmp, posts, served, clock, open };
}

/** A job that runs until it is told to end. */
function createHeldJob() {
  let finish = () => {};
  let report: JobReport | undefined;
  let signal: AbortSignal | undefined;
  const run: ControlNeeds["runBackup"] = (_, itsReport, itsSignal) => {
    report = itsReport;
    signal = itsSignal;
    return new Promise((resolve) => {
      finish = () => resolve({ outcome: itsSignal.aborted ? "canceled" : "done", reason: "", snapshotId: null });
      itsSignal.addEventListener("abort", finish);
    });
  };
  return { run, finish: () => finish(), report: () => report as JobReport, signal: () => signal as AbortSignal };
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
};

it("speaks first, then runs a backup and says how it ended", async () => {
  const { ndmp, posts, open } = connect();
  await open();
  expect(await ndmp.call("startDedupBackup", backup)).toEqual({ error: "noError", reason: "" });
  await settle();
  expect(posts).toEqual([
    { name: "status", reason: "connected", protocolVersion: 4, text: "" },
    { name: "outcome", outcome: "done", reason: "", snapshotId: JOB },
    { name: "halted", reason: "successful" },
  ]);
  expect(await ndmp.call("dataGetState", {})).toMatchObject({ state: "halted", haltReason: "successful" });
  expect(await ndmp.call("dataStop", {})).toEqual({ error: "noError" });
  expect(await ndmp.call("dataGetState", {})).toMatchObject({ state: "idle" });
});

it("hands the doctor's questions on, once the extension is agreed on", async () => {
  const { ndmp } = connect();
  const body = Buffer.from("a question");
  expect(await ndmp.call("askDoctor", { body })).toMatchObject({ error: "extensionNotNegotiated" });
  await ndmp.call("connectOpen", { protocolVersion: 4 });
  await ndmp.call("configSetExtList", EXTENSION);
  expect(await ndmp.call("askDoctor", { body })).toMatchObject({
    error: "noError",
    body: Buffer.from("heard a question"),
  });
});

describe("refusals", () => {
  it("nothing starts before the extension is agreed on", async () => {
    const { ndmp } = connect();
    await ndmp.call("connectOpen", { protocolVersion: 4 });
    expect(await ndmp.call("startDedupBackup", backup)).toMatchObject({ error: "extensionNotNegotiated" });
    expect(await ndmp.call("raiseTestAlerts", { ids: [JOB], severity: 2, summary: "x" })).toMatchObject({
      error: "extensionNotNegotiated",
    });
  });

  it("a second job waits for the first to be stopped", async () => {
    const job = createHeldJob();
    const { ndmp, open } = connect({ runBackup: job.run });
    await open();
    await ndmp.call("startDedupBackup", backup);
    expect(await ndmp.call("startDedupBackup", backup)).toMatchObject({ error: "illegalState" });
    expect(await ndmp.call("dataStop", {})).toEqual({ error: "illegalState" });
  });

  it("a restore to a place that this host does not allow", async () => {
    const { ndmp, open } = connect();
    await open();
    const order = { jobId: JOB, paths: [], target: Buffer.from("/etc"), overwrite: "always", dryRun: false } as const;
    expect(await ndmp.call("startDedupRecover", order)).toMatchObject({
      error: "permission",
      reason: expect.stringContaining("backup.targets"),
    });
  });

  it("more jobs than the host's settings allow", async () => {
    const { ndmp, open } = connect({ takePlace: () => ({ taken: false, reason: "2 jobs run already" }) });
    await open();
    expect(await ndmp.call("startDedupBackup", backup)).toEqual({ error: "deviceBusy", reason: "2 jobs run already" });
  });

  it("another version, and opening twice", async () => {
    const { ndmp } = connect();
    expect(await ndmp.call("connectOpen", { protocolVersion: 3 })).toEqual({ error: "illegalArguments" });
    expect(await ndmp.call("connectOpen", { protocolVersion: 4 })).toEqual({ error: "noError" });
    expect(await ndmp.call("connectOpen", { protocolVersion: 4 })).toEqual({ error: "illegalState" });
  });
});

it("an abort ends the job, and its place is given back", async () => {
  const job = createHeldJob();
  let left = 0;
  const { ndmp, posts, open } = connect({
    runBackup: job.run,
    takePlace: () => ({ taken: true, leave: () => left++ }),
  });
  await open();
  await ndmp.call("startDedupBackup", backup);
  expect(await ndmp.call("dataAbort", {})).toEqual({ error: "noError" });
  await settle();
  expect(posts.at(-1)).toEqual({ name: "halted", reason: "aborted" });
  expect(left).toBe(1);
});

it("a job ends when its control connection does", async () => {
  const job = createHeldJob();
  const { ndmp, served, open } = connect({ runBackup: job.run });
  await open();
  await ndmp.call("startDedupBackup", backup);
  ndmp.close();
  await served;
  expect(job.signal().aborted).toBe(true);
});

it("progress is told at intervals, the latest only; problems one by one up to a bound", async () => {
  const job = createHeldJob();
  const { ndmp, posts, clock, open } = connect({ runBackup: job.run });
  await open();
  await ndmp.call("startDedupBackup", backup);
  for (let files = 1; files <= 5; files++)
    job.report().progress({ files, bytes: 0, bytesSent: 0, problems: 0, current: "" });
  for (let n = 0; n < 1_500; n++)
    job.report().problem({ path: Buffer.from([0xff]), code: "EACCES", problem: "permission denied" });
  await clock.advance(500);
  await settle();
  job.finish();
  for (let turn = 0; turn < 50; turn++) await settle();
  expect(posts.filter((post) => (post as { name: string }).name === "progress")).toEqual([
    expect.objectContaining({ files: 5 }),
  ]);
  expect(posts.filter((post) => (post as { name: string }).name === "problem")).toHaveLength(1_000);
});
