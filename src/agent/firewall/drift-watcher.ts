// Looks now and then whether the firewall still holds what was applied here, and tells when it does not: once, and once
// more when it is mended. What has been told is in a file, so that a restart neither repeats nor forgets it; an alert
// whose telling failed is told again under its id.

import { readFile } from "node:fs/promises";
import { shellWord } from "../../firewall/live/command-runner.ts";
import type { Drift } from "../../firewall/live/live-firewall.ts";
import { DEFAULT_STATE_FOLDER } from "../../firewall/live/state-folder.ts";
import { ALERT_LIMITS, type Alert } from "../../model/alert.ts";
import { cutText } from "../../model/cut-text.ts";
import { writePrivateFile } from "../../net/private-file.ts";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf, PeerError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";

/** An alert holds 64 details; what is beyond is counted. */
export const DRIFT_LINES_MAX = 20;

/** For good at once: what it brings back has been confirmed before. `stateFolder`: where that is written down. */
export function mendingCommand(stateFolder: string): string {
  const state = stateFolder === DEFAULT_STATE_FOLDER ? "" : ` --state ${shellWord(stateFolder)}`;
  return `rusuban firewall apply --again --revert-after 0${state}`;
}

export interface DriftWatcherNeeds {
  /** Undefined while a change waits: then nothing is told. */
  readonly look: () => Promise<Drift | undefined>;
  readonly intervalMs: number;
  /** What puts it right: mendingCommand. */
  readonly mend: string;
  /** Where what has been told is kept. */
  readonly file: string;
  /** Resolves when the alert is durable. */
  readonly onAlert: (alert: Alert) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Memory {
  readonly isRaised: boolean;
  readonly untold: Alert | null;
}

const NOTHING_TOLD: Memory = { isRaised: false, untold: null };

export function createDriftWatcher(needs: DriftWatcherNeeds): Service & { lookNow(): Promise<void> } {
  const { clock, log } = needs;
  let memory: Memory | undefined;
  let isPuzzled = false;
  let stopped = false;
  let cancelNext = () => {};
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    memory ??= await readMemory(needs);
    if (memory.untold !== null) return tell(memory.untold);
    let drift: Drift | undefined;
    try {
      drift = await needs.look();
      isPuzzled = false;
    } catch (error) {
      // Said once, not at every look: usually the agent may not read the firewall, and that does not pass.
      if (!isPuzzled) log.warn({ reason: reasonOf(error) }, cannotLook(error));
      isPuzzled = true;
      return;
    }
    if (drift === undefined) return;
    const changes = drift.filter(({ sign }) => sign !== " ");
    if (changes.length > 0 === memory.isRaised) return;
    const isRaised = changes.length > 0;
    const alert = isRaised ? raised(changes, needs) : cleared(needs);
    memory = { isRaised, untold: alert };
    await remember(memory);
    await tell(alert);
  }

  async function tell(alert: Alert): Promise<void> {
    try {
      await needs.onAlert(alert);
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "could not spool an alert; trying again at the next look");
      return;
    }
    memory = { isRaised: alert.kind === "raised", untold: null };
    await remember(memory);
  }

  async function remember(told: Memory): Promise<void> {
    try {
      await writePrivateFile(needs.file, `${JSON.stringify(told)}\n`, "always");
    } catch (error) {
      // On a full disk alerts matter most: after a crash what is told now may be told again.
      log.error({ reason: reasonOf(error) }, "could not write down what has been told");
    }
  }

  function lookAndGoOn(): void {
    looking = look()
      .catch((error: unknown) => log.error({ reason: reasonOf(error) }, "a look at the firewall failed"))
      .then(() => {
        if (!stopped) cancelNext = clock.after(needs.intervalMs, lookAndGoOn);
      });
  }

  return {
    name: "firewall drift",
    lookNow: look,
    async start() {
      lookAndGoOn();
    },
    async stop() {
      stopped = true;
      cancelNext();
      await looking;
    },
  };
}

function cannotLook(error: unknown): string {
  const isForbidden =
    codeOf(error) === "EACCES" || (error instanceof PeerError && /ermi(tted|ssion)|root/.test(error.message));
  const why = isForbidden ? "this agent may not read the firewall (it takes root)" : "the firewall could not be read";
  return `${why}: nobody here tells when rules that were applied go missing`;
}

async function readMemory({ file, log }: Pick<DriftWatcherNeeds, "file" | "log">): Promise<Memory> {
  try {
    const { isRaised, untold } = JSON.parse(await readFile(file, "utf8")) as Memory;
    return { isRaised: isRaised === true, untold: untold ?? null };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") log.warn({ reason: reasonOf(error) }, "what has been told of the firewall is lost");
    return NOTHING_TOLD;
  }
}

const COMMON = { category: "security", component: "firewall", condition: "firewall.drift" } as const;

function raised(changes: Drift, { clock, random, mend }: Pick<DriftWatcherNeeds, "clock" | "random" | "mend">): Alert {
  const missing = changes.filter(({ sign }) => sign === "+").map(({ text }) => text);
  const extra = changes.filter(({ sign }) => sign === "-").map(({ text }) => text);
  const counts = [
    ...(missing.length > 0 ? [`${missing.length} missing`] : []),
    ...(extra.length > 0 ? [`${extra.length} not as applied`] : []),
  ];
  const lines = [
    ...missing.map((value) => ({ name: "missing", value })),
    ...extra.map((value) => ({ name: "not as applied", value })),
  ];
  const unshown = lines.length - DRIFT_LINES_MAX;
  return {
    ...COMMON,
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    kind: "raised",
    severity: "warning",
    summary: `firewall drift: rules that were applied here have changed: ${counts.join(", ")}; mend with \`${mend}\``,
    details: [
      { name: "mend", value: mend },
      ...lines
        .slice(0, DRIFT_LINES_MAX)
        .map(({ name, value }) => ({ name, value: cutText(value, ALERT_LIMITS.detailValueBytes) })),
      ...(unshown > 0 ? [{ name: "more", value: `${unshown}` }] : []),
    ],
  };
}

function cleared({ clock, random }: Pick<DriftWatcherNeeds, "clock" | "random">): Alert {
  return {
    ...COMMON,
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    kind: "cleared",
    severity: "information",
    summary: "firewall rules are as they were applied again, or none are applied any more",
    details: [],
  };
}
