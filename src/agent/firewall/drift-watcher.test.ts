import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Drift } from "../../firewall/live/live-firewall.ts";
import { DEFAULT_STATE_FOLDER } from "../../firewall/live/state-folder.ts";
import type { Alert } from "../../model/alert.ts";
import { PeerError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createDriftWatcher, DRIFT_LINES_MAX, mendingCommand } from "./drift-watcher.ts";

const AS_APPLIED: Drift = [{ sign: " ", text: "ufw: in tcp from 192.0.2.10 port 20300-20349" }];
const CHANGED: Drift = [
  { sign: "+", text: "ufw: in tcp from 192.0.2.10 port 20300-20349" },
  { sign: "-", text: "ufw: in tcp from any IPv4 port 20300" },
];

function create() {
  const folder = mkdtempSync(join(tmpdir(), "rusuban-drift-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const world = {
    drift: AS_APPLIED as Drift | undefined | Error,
    told: [] as Alert[],
    warnings: [] as string[],
    isSpoolBroken: false,
    start() {
      return createDriftWatcher({
        async look() {
          if (world.drift instanceof Error) throw world.drift;
          return world.drift;
        },
        intervalMs: 300_000,
        mend: mendingCommand(DEFAULT_STATE_FOLDER),
        file: join(folder, "firewall-drift.json"),
        async onAlert(alert) {
          world.told.push(alert);
          if (world.isSpoolBroken) throw new Error("disk full");
        },
        clock: new FakeClock(),
        random: systemRandom,
        log: { ...silentLog, warn: (_, sentence) => void world.warnings.push(sentence) },
      });
    },
  };
  return world;
}

it("tells drift once, with what is missing, what was changed and the command that mends it, and once that it is over", async () => {
  const world = create();
  const watcher = world.start();
  for (const drift of [AS_APPLIED, CHANGED, CHANGED]) {
    world.drift = drift;
    await watcher.lookNow();
  }
  expect(world.told).toEqual([
    expect.objectContaining({ kind: "raised", condition: "firewall.drift", severity: "warning" }),
  ]);
  expect(world.told[0]?.summary).toContain("1 missing, 1 not as applied");
  expect(world.told[0]?.details).toEqual([
    { name: "mend", value: "rusuban firewall apply --again --revert-after 0" },
    { name: "missing", value: CHANGED[0]?.text },
    { name: "not as applied", value: CHANGED[1]?.text },
  ]);
  world.drift = AS_APPLIED;
  await watcher.lookNow();
  await watcher.lookNow();
  expect(world.told.map(({ kind }) => kind)).toEqual(["raised", "cleared"]);
});

it("remembers across a restart, and tells an alert that was not spooled again under its id", async () => {
  const world = create();
  world.drift = CHANGED;
  world.isSpoolBroken = true;
  await world.start().lookNow();
  world.isSpoolBroken = false;
  const second = world.start();
  await second.lookNow();
  await world.start().lookNow();
  expect(world.told.map(({ kind }) => kind)).toEqual(["raised", "raised"]);
  expect(world.told[0]?.id).toBe(world.told[1]?.id);
  world.drift = [];
  await world.start().lookNow();
  expect(world.told.at(-1)?.kind).toBe("cleared");
});

it("says once that it may not look, and tells nothing while a change waits", async () => {
  const world = create();
  const watcher = world.start();
  world.drift = new PeerError("command-failed", "nft -j list ruleset: Operation not permitted (you must be root)");
  await watcher.lookNow();
  await watcher.lookNow();
  expect(world.warnings).toEqual([expect.stringContaining("may not read the firewall (it takes root)")]);
  world.drift = CHANGED;
  await watcher.lookNow();
  world.drift = undefined;
  await watcher.lookNow();
  expect(world.told.map(({ kind }) => kind)).toEqual(["raised"]);
});

it("shows a bounded number of lines and counts the others", async () => {
  const world = create();
  world.drift = Array.from({ length: 1_000 }, (_, port) => ({ sign: "+" as const, text: `ufw: in tcp port ${port}` }));
  await world.start().lookNow();
  const details = world.told[0]?.details ?? [];
  expect(details).toHaveLength(DRIFT_LINES_MAX + 2);
  expect(details.at(-1)).toEqual({ name: "more", value: `${1_000 - DRIFT_LINES_MAX}` });
});

it("names the folder in the command where that is not the usual one", () => {
  expect(mendingCommand("/srv/fire wall")).toBe(
    "rusuban firewall apply --again --revert-after 0 --state '/srv/fire wall'",
  );
});
