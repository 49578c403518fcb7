import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import type { AlertState } from "../../src/model/alert.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createUuid, systemRandom } from "../../src/runtime/random.ts";
import { moment, type Story, startStory, until } from "./agent-and-manager.ts";
import { type Dice, rollDice } from "./dice.ts";
import type { StoryProgram } from "./story-program.ts";

const ALERTS = 10_000;
const KILLS = 20;
/** Alerts raised by one request; a request is repeated until it is answered. */
const BATCH = 25;
const BATCHES_BETWEEN_KILLS = ALERTS / KILLS / BATCH;

it("20 kill -9 of agent and manager during 10,000 alerts lose none, tell none twice, and keep what was acknowledged", async () => {
  const story = await startStory();
  const dice = rollDice("alerts survive kills");
  const ids = Array.from({ length: ALERTS }, () => createUuid({ clock: systemClock, random: systemRandom }));
  const acknowledged = new Set<string>();
  const raise = (some: readonly string[]) =>
    story.persist("raising alerts", () => story.api.alertTest({ body: { host: story.hostId, ids: [...some] } }));

  for (let kill = 0; kill < KILLS; kill++) {
    const from = kill * BATCHES_BETWEEN_KILLS * BATCH;
    // Every other time from a quiet state, so that some kills meet a busy connection and others one that is coming back.
    if (kill % 2 === 0) await inboxHolds(story, from);
    const victims = kill % 5 === 4 ? [story.manager, story.agent] : [kill % 2 === 0 ? story.manager : story.agent];
    const killAt = dice.below(BATCHES_BETWEEN_KILLS);
    let trouble: Promise<unknown> = Promise.resolve();
    for (let batch = 0; batch < BATCHES_BETWEEN_KILLS; batch++) {
      if (batch === killAt) trouble = Promise.all(victims.map((victim) => strike(victim, story, dice)));
      await raise(ids.slice(from + batch * BATCH, from + (batch + 1) * BATCH));
    }
    await trouble;
    const seen = dice.pick(ids.slice(0, from + 1));
    await acknowledge(story, seen);
    acknowledged.add(seen);
  }
  await inboxHolds(story, ALERTS);
  // What was acknowledged stays so when it is told again.
  await raise([...acknowledged]);
  await until("the spool is empty", async () => countSpool(story) === 0);

  const told = await story.alerts({ text: "Test alert" });
  expect(told.length).toBe(ALERTS);
  expect(told.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const states = new Map<string, AlertState>(told.map(({ id, state }) => [id, state]));
  expect(ids.filter((id) => states.get(id) !== (acknowledged.has(id) ? "acknowledged" : "open"))).toEqual([]);
  expect(told.filter(({ acknowledgedBy }) => acknowledgedBy !== null)).toHaveLength(acknowledged.size);
  expect(told.every(({ hostId }) => hostId === story.hostId)).toBe(true);
  expect(story.manager.kills).toBeGreaterThanOrEqual(KILLS / 2);
  expect(story.agent.kills).toBeGreaterThanOrEqual(KILLS / 2);
  // The agent itself says what happened to it.
  const starts = await story.alerts({ text: "agent.started" });
  expect(starts.some(({ summary }) => summary.includes("killed or crashed"))).toBe(true);
  expect(await story.alerts({ text: "host.unreachable" })).toEqual([]); // Away for a moment is not gone.

  const { counts } = await story.api.status();
  await story.stop();
  expect(countInDatabase(story)).toEqual({ rows: ALERTS, ids: ALERTS });
  const all = counts.alerts.open + counts.alerts.acknowledged + counts.alerts.cleared;
  expect(countInDatabase(story, "%").rows).toBeGreaterThanOrEqual(all); // And what the stop itself told.
}, 600_000);

/** Kills a program at a moment that nobody chose, starts it again, and often kills it once more at a worse one. */
async function strike(victim: StoryProgram<unknown>, story: Story, dice: Dice): Promise<void> {
  const [delayMs, startingMs, reportingMs, again] = [dice.below(40), dice.below(900), dice.below(25), dice.next()];
  await moment(delayMs);
  await victim.kill();
  if (again < 0.2) {
    const start = victim.start().catch(() => {}); // It is killed before it is ready, or just after.
    await moment(startingMs);
    await victim.kill();
    await start;
  } else if (victim === story.manager && again < 0.7) {
    // While the agent pours out what has gathered in its spool: much is told and not yet answered.
    const reports = story.log.next('"agent reports"');
    await victim.start();
    await reports;
    await moment(reportingMs);
    await victim.kill();
  }
  await victim.start();
}

async function inboxHolds(story: Story, count: number): Promise<void> {
  await until(`${count} alerts in the inbox`, async () => {
    const { counts } = await story.persist("the manager's counts", () => story.api.status());
    const { open, acknowledged, cleared } = counts.alerts;
    return open + acknowledged + cleared >= count;
  });
}

async function acknowledge(story: Story, id: string): Promise<void> {
  await until(`${id} can be acknowledged`, async () => {
    const body = { ids: [id] };
    const { unknown } = await story.persist("acknowledging", () => story.api.alertAcknowledge({ body }));
    return unknown.length === 0;
  });
}

function countSpool(story: Story): number {
  return query(join(story.dataDirectory, "agent/spool.db"), "SELECT count(*) AS rows FROM alerts").rows;
}

function countInDatabase(story: Story, summary = "Test alert:%"): { rows: number; ids: number } {
  const sql = `SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM alerts WHERE summary LIKE '${summary}'`;
  return query(join(story.managerDirectory, "manager/manager.db"), sql);
}

function query(file: string, sql: string): { rows: number; ids: number } {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare(sql).get();
    return { rows: Number(row?.rows), ids: Number(row?.ids) };
  } finally {
    database.close();
  }
}
