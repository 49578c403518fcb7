// What watching costs a manager: servers polled each minute, subscriptions kept at them, indications taken from them.
//
//   node bench/watch.ts [--hosts N] [--subscriptions N] [--minutes N] [--indications N] [--hour-hosts N] [--factor N]
//                       [--out FILE] [--profile FOLDER] [--only minutes|indications|hour]
//
// Three processes: a whole manager, simulated servers that answer its questions, and the same servers as far as they tell
// it something by themselves. Three scenarios, each with a manager that has just started:
//   minutes      all hosts and subscriptions, by the world's clock;
//   indications  as fast as the manager acknowledges them;
//   hour         fewer hosts by a clock that runs faster, so that an hour's looks, renewals, writes and clearing happen, at
//                no higher a rate than that of all hosts by the world's clock.
// With --only, what it measures is printed and no document written.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { FleetWorks } from "./watch-fleet.ts";
import type { ManagerWorks } from "./watch-manager.ts";
import { startPart } from "./watch-parts.ts";
import { type HourPoint, type IndicationTurn, type Minute, type Report, renderReport } from "./watch-report.ts";
import type { SenderWorks } from "./watch-senders.ts";

const { values: options } = parseArgs({
  options: {
    hosts: { type: "string", default: "2000" },
    subscriptions: { type: "string", default: "1000" },
    minutes: { type: "string", default: "5" },
    indications: { type: "string", default: "20000" },
    "hour-hosts": { type: "string", default: "500" },
    factor: { type: "string", default: "4" },
    out: { type: "string", default: "docs/benchmarks-watch.md" },
    profile: { type: "string" },
    only: { type: "string" },
  },
});
const [hosts, subscriptions, factor] = [Number(options.hosts), Number(options.subscriptions), Number(options.factor)];
const hourHosts = Number(options["hour-hosts"]);
const MINUTE_MS = 60_000;
const POINTS = 10;
/** Turns with one indication in a request, then as many with batches; the first of each warms up. */
const TURNS = 4;
const BATCH = 100;
const SET_UP_TURNS = 120;
const SET_UP_TURN_MS = 2_500;
/** Hosts that tell something at once: as many as the manager takes up together. */
const LINES = 250;
/** Indications of a host that is subscribed at, in an hour. */
const INDICATIONS_PER_HOUR = 100;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const load = () =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(", ");

interface Scenario {
  readonly fleet: ReturnType<typeof startPart<FleetWorks>>;
  readonly manager: ReturnType<typeof startPart<ManagerWorks>>;
  readonly senders: ReturnType<typeof startPart<SenderWorks>>;
}

/** A fresh manager with its hosts, and everything away afterwards. */
async function scenario<T>(
  name: string,
  wanted: { hosts: number; subscriptions: number; factor: number; pollSeconds: number },
  run: (parts: Scenario) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "rusuban-watch-"));
  const profiling =
    options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(options.profile, name)}`];
  const fleet = startPart<FleetWorks>("watch-fleet.ts");
  const manager = startPart<ManagerWorks>("watch-manager.ts", ["--expose-gc", ...profiling]);
  const senders = startPart<SenderWorks>("watch-senders.ts");
  try {
    console.log(`${name}: ${wanted.hosts} hosts, ${wanted.subscriptions} subscriptions; load ${load()}`);
    const { factor, pollSeconds } = wanted;
    const place = await fleet.ask("start", { count: wanted.hosts, factor, keepAliveMs: 15_000 });
    const paths = await manager.ask("prepare", { directory, ...wanted, ...place });
    const { port } = await manager.ask("start", { directory, factor, pollSeconds });
    await senders.ask("open", { paths, port });
    return await run({ fleet, manager, senders });
  } finally {
    await Promise.all([fleet.stop(), manager.stop(), senders.stop()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Until all subscriptions are in place, or that took too long: setting them up is not what is measured. */
async function subscribedAt(fleet: Scenario["fleet"], count: number): Promise<void> {
  for (let turn = 0; turn < SET_UP_TURNS && (await fleet.ask("subscribed", undefined)) < count; turn += 1) {
    await pause(SET_UP_TURN_MS);
  }
}

async function pings() {
  const idle = startPart<ManagerWorks>("watch-manager.ts");
  const cost = await idle.ask("pings", 100);
  await idle.stop();
  return cost;
}

async function minutes() {
  const measured: Minute[] = [];
  const wanted = { hosts, subscriptions, factor: 1, pollSeconds: MINUTE_MS / 1_000 };
  const rest = await scenario("minutes", wanted, async ({ fleet, manager }) => {
    await subscribedAt(fleet, subscriptions);
    await fleet.ask("told", undefined);
    const last: number[] = [];
    for (let minute = 1; minute <= Number(options.minutes); minute += 1) {
      const before = await manager.ask("figures", { isTidy: false });
      await pause(MINUTE_MS);
      const now = await manager.ask("figures", { isTidy: false });
      const told = await fleet.ask("told", undefined);
      let late = 0;
      told.looks.forEach((looks, host) => {
        for (const at of looks) {
          // A tenth of the interval is meant, and a look itself takes its time.
          if (at - (last[host] ?? at) > MINUTE_MS * 1.2) late += 1;
          last[host] = at;
        }
      });
      const { connections, handshakes, requests } = told;
      const cpuSeconds = now.cpuSeconds - before.cpuSeconds;
      measured.push({
        ...{ minute, cpuSeconds, looks: told.looks.flat().length, late, connections, handshakes, requests },
        ...{ subscribed: await fleet.ask("subscribed", undefined), rss: now.rss, load: load() },
      });
      console.log(measured.at(-1));
    }
    return { said: (await manager.ask("figures", { isTidy: false })).said };
  });
  return { measured, ...rest, pings: await pings() };
}

const indications = () =>
  scenario(
    "indications",
    { hosts: subscriptions, subscriptions, factor: 6, pollSeconds: 3_600 },
    async ({ manager, senders, fleet }) => {
      await subscribedAt(fleet, subscriptions);
      const turnsOf = async (batch: number) => {
        const turns: IndicationTurn[] = [];
        for (let turn = 0; turn < TURNS; turn += 1) {
          const before = await manager.ask("figures", { isTidy: false });
          const sent = await senders.ask("send", { count: Number(options.indications), lines: LINES, batch });
          const now = await manager.ask("figures", { isTidy: false });
          const { committed } = await manager.ask("inbox", undefined);
          turns.push({ ...sent, batch, committed, managerSeconds: now.cpuSeconds - before.cpuSeconds, load: load() });
          console.log(turns.at(-1));
        }
        return turns;
      };
      return { singles: await turnsOf(1), batches: await turnsOf(BATCH) };
    },
  );

const hour = () =>
  scenario(
    "hour",
    { hosts: hourHosts, subscriptions: Math.floor(hourHosts / 2), factor, pollSeconds: MINUTE_MS / 1_000 },
    async ({ fleet, manager, senders }) => {
      const points: HourPoint[] = [];
      const perPoint = Math.floor((INDICATIONS_PER_HOUR * Math.floor(hourHosts / 2)) / POINTS);
      const begun = performance.now();
      let [looks, told, lost] = [0, 0, 0];
      for (let point = 1; point <= POINTS; point += 1) {
        const sent = await senders.ask("send", {
          count: perPoint,
          lines: Math.min(LINES, Math.floor(hourHosts / 2)),
          batch: 1,
        });
        told += sent.acknowledged;
        if (point === POINTS / 2) {
          lost = await fleet.ask("forget", Math.floor(hourHosts / 20));
        }
        await pause(Math.max(0, begun + (point * 60 * MINUTE_MS) / POINTS / factor - performance.now()));
        looks += (await fleet.ask("told", undefined)).looks.flat().length;
        const { rss, heapUsed, external, databaseBytes } = await manager.ask("figures", { isTidy: true });
        points.push({ minute: (60 / POINTS) * point, looks, told, rss, heapUsed, external, databaseBytes });
        console.log(points.at(-1), load());
      }
      const subscribed = await fleet.ask("subscribed", undefined);
      const { said } = await manager.ask("figures", { isTidy: false });
      return { points, lost, subscribed, load: load(), said };
    },
  );

const scenarios = { minutes, indications, hour };

async function reportAll(): Promise<void> {
  const report: Report = {
    ...{ hosts, subscriptions, hourHosts, factor, lines: LINES, loadBefore: load() },
    minutes: await minutes(),
    indications: await indications(),
    hour: await hour(),
  };
  if (options.out === "") console.log(renderReport(report));
  else await writeFile(options.out, renderReport(report));
}

if (options.only === undefined) await reportAll();
else if (Object.hasOwn(scenarios, options.only)) await scenarios[options.only as keyof typeof scenarios]();
else throw new Error(`--only ${options.only}: one of ${Object.keys(scenarios).join(", ")}`);
