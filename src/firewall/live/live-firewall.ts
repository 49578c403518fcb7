// The firewall of this host as operations: look, compare, change, confirm, take back, remove. Every change is written
// down first (state-folder.ts) and is one of two things at any moment: as before, or as wanted; a change that was cut
// short goes back when anybody looks, or when its timer does. Invariants (test/peers/firewall-live.test.ts, for each
// manager): a second apply runs no command that changes; what is not ours is the same before and after; removing leaves
// no trace.

import { join } from "node:path";
import { type Clock, pause } from "../../runtime/clock.ts";
import { PeerError, reasonOf } from "../../runtime/errors.ts";
import { takeProcessLock } from "../../runtime/process-lock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { type AllManagers, openAllManagers, type Plan } from "./all-managers.ts";
import type { Machine, PersistenceReport } from "./backend.ts";
import type { Detection } from "./detect.ts";
import { type DifferenceLine, differenceOf, entriesOf, isSame } from "./difference.ts";
import {
  type Applied,
  type Change,
  isAlive,
  openStateFolder,
  type Request,
  type RulesByManager,
} from "./state-folder.ts";

export interface LiveFirewallNeeds {
  readonly machine: Machine;
  readonly stateFolder: string;
  /** Starts the process that takes a change back, apart from this one; its process id. */
  readonly startTimer: (options: { readonly stateFolder: string; readonly changeId: string }) => Promise<number>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ApplyOptions {
  /** 0: at once for good. */
  readonly revertAfterMs: number;
  readonly permanent: boolean;
}

/** `deadlineAtMs`: when a change that waits is taken back; null where nothing waits. */
export interface ApplyOutcome {
  readonly changed: boolean;
  readonly deadlineAtMs: number | null;
  readonly persistence: PersistenceReport;
}

export interface Status {
  readonly detection: Detection;
  readonly applied: Applied | undefined;
  /** One that waits for its confirmation. */
  readonly change: Change | undefined;
  /** Undefined while a change waits. */
  readonly drift: Drift | undefined;
  readonly live: RulesByManager;
  readonly strange: readonly string[];
}

/** What applying the same again would change; empty where nothing was applied. */
export type Drift = readonly DifferenceLine[];

/** What a command of before left undone, and what became of it. */
export type Recovery = "taken back" | "finished" | "none";

/** A change takes ufw and firewalld some seconds; whoever comes meanwhile waits this long. */
const LOCK_WAIT_MS = 15_000;
const LOCK_RETRY_MS = 100;

const NOTHING: PersistenceReport = { done: [], missing: [] };

export function createLiveFirewall(needs: LiveFirewallNeeds) {
  const { machine, clock, random } = needs;
  const state = openStateFolder(needs.stateFolder);

  /** One program at a time changes anything. */
  async function locked<T>(work: (managers: AllManagers) => Promise<T>): Promise<T> {
    await state.prepare();
    const deadline = clock.monotonic() + LOCK_WAIT_MS;
    let lock = takeProcessLock(join(state.path, "lock"));
    while (!lock.held && clock.monotonic() < deadline) {
      await pause(clock, LOCK_RETRY_MS);
      lock = takeProcessLock(join(state.path, "lock"));
    }
    if (!lock.held) {
      const who = lock.holder === undefined ? "another process" : `process ${lock.holder}`;
      throw new PeerError("busy", `${who} is changing the firewall: try again in a moment`);
    }
    try {
      return await work(openAllManagers(machine));
    } finally {
      lock.release();
    }
  }

  /** Back to what was there before the change. */
  async function takeBack(managers: AllManagers, change: Change): Promise<void> {
    await managers.converge(change.before);
    if (change.permanentAfter !== null) await managers.persist(change.permanentBefore);
    await state.writeChange(null);
  }

  /** On to what the change decided. */
  async function finish(managers: AllManagers, change: Change): Promise<PersistenceReport> {
    await managers.converge(change.after);
    const report = change.permanentAfter === null ? NOTHING : await managers.persist(change.permanentAfter);
    await state.writeApplied(
      change.request === null
        ? null
        : { appliedAtMs: clock.now(), isPermanent: change.permanentAfter !== null, request: change.request },
    );
    await state.writeChange(null);
    return report;
  }

  /** Ends what a process that died left half done. A change that waits in peace stays. */
  async function recover(managers: AllManagers): Promise<Recovery> {
    const change = await state.readChange();
    if (change === undefined) return "none";
    if (change.phase === "finishing") {
      await finish(managers, change);
      return "finished";
    }
    const isOver = change.deadlineAtMs !== null && clock.now() >= change.deadlineAtMs;
    if (change.phase === "changing" || isOver) {
      await takeBack(managers, change);
      return "taken back";
    }
    if (!isAlive(change.timerPid)) await startTimer(change);
    return "none";
  }

  async function startTimer(change: Change): Promise<Change> {
    const timerPid = await needs.startTimer({ stateFolder: state.path, changeId: change.id });
    const timed = { ...change, timerPid };
    await state.writeChange(timed);
    return timed;
  }

  async function begin(managers: AllManagers, change: Pick<Change, "phase" | "request" | "before" | "after">) {
    const begun: Change = {
      ...change,
      id: createUuid({ clock, random }),
      startedAtMs: clock.now(),
      deadlineAtMs: null,
      timerPid: null,
      permanentBefore: await managers.readPermanent(),
      permanentAfter: null,
    };
    return begun;
  }

  async function change(
    managers: AllManagers,
    { plan, request, options }: { readonly plan: Plan; readonly request: Request; readonly options: ApplyOptions },
  ): Promise<ApplyOutcome> {
    const { revertAfterMs, permanent } = options;
    const begun = await begin(managers, { phase: "changing", request, before: plan.live, after: plan.wanted });
    const deadlineAtMs = revertAfterMs === 0 ? null : begun.startedAtMs + revertAfterMs;
    let now: Change = { ...begun, deadlineAtMs, permanentAfter: permanent ? plan.wanted : null };
    await state.writeChange(now);
    try {
      // Before the first command: from here on somebody takes it back, whatever becomes of this process.
      now = await startTimer(now);
      await managers.converge(plan.wanted);
      await verify(managers, plan.wanted);
    } catch (error) {
      await takeBack(managers, now);
      throw new PeerError("not-applied", `nothing was changed: ${reasonOf(error)}`);
    }
    now = { ...now, phase: deadlineAtMs === null ? "finishing" : "waiting" };
    await state.writeChange(now);
    return { changed: true, deadlineAtMs, persistence: deadlineAtMs === null ? await finish(managers, now) : NOTHING };
  }

  /** Nothing to change but what is written down: of this request, or that a restart is to bring the rules back. */
  async function keep(
    managers: AllManagers,
    { plan, request, options }: { readonly plan: Plan; readonly request: Request; readonly options: ApplyOptions },
  ): Promise<ApplyOutcome> {
    const pending = await state.readChange();
    if (pending !== undefined) return { changed: true, deadlineAtMs: pending.deadlineAtMs, persistence: NOTHING };
    const persistence = options.permanent ? await managers.persist(plan.wanted) : NOTHING;
    const applied = await state.readApplied();
    const isPermanent = options.permanent;
    if (JSON.stringify(applied?.request) !== JSON.stringify(request) || applied?.isPermanent !== isPermanent) {
      await state.writeApplied({ appliedAtMs: clock.now(), isPermanent, request });
    }
    return { changed: false, deadlineAtMs: null, persistence };
  }

  async function driftOf(managers: AllManagers): Promise<Drift | undefined> {
    if ((await state.readChange()) !== undefined) return undefined;
    const applied = await state.readApplied();
    return applied === undefined ? [] : (await managers.plan(applied.request)).difference;
  }

  return {
    plan: (request: Request): Promise<Plan> => openAllManagers(machine).plan(request),

    /** Throws PeerError `not-applied` with the firewall's own words, `change-waiting` where another change waits. */
    apply(request: Request, { revertAfterMs, permanent }: ApplyOptions) {
      return locked(async (managers) => {
        const recovery = await recover(managers);
        const plan = await managers.plan(request);
        // What a restart brings back must not be older than what is there: once permanent, permanent until removed.
        const isPermanent = permanent || ((await state.readApplied())?.isPermanent ?? false);
        const context = { plan, request, options: { revertAfterMs, permanent: isPermanent } };
        if (isSame(plan.difference)) return { recovery, plan, outcome: await keep(managers, context) };
        if ((await state.readChange()) !== undefined) {
          throw new PeerError(
            "change-waiting",
            "another change waits for its confirmation: `rusuban firewall confirm` or `rusuban firewall revert`, then apply this one",
          );
        }
        return { recovery, plan, outcome: await change(managers, context) };
      });
    },

    /** The change that waits becomes what is applied. Throws PeerError `nothing-waits` where there is none any more. */
    confirm() {
      return locked(async (managers) => {
        const recovery = await recover(managers);
        const waiting = await state.readChange();
        if (waiting === undefined) {
          const why =
            recovery === "taken back"
              ? "its time was over, and it was taken back"
              : "nothing was applied, or it was confirmed or taken back before";
          throw new PeerError("nothing-waits", `no change waits for confirmation: ${why}`);
        }
        const finishing: Change = { ...waiting, phase: "finishing" };
        await state.writeChange(finishing);
        return { rules: finishing.after, persistence: await finish(managers, finishing) };
      });
    },

    /** Takes the waiting change back now; with `changeId` only that one. Answers whether there was one. */
    revert({ changeId }: { readonly changeId?: string } = {}) {
      return locked(async (managers) => {
        const waiting = await state.readChange();
        if (waiting === undefined || (changeId !== undefined && waiting.id !== changeId)) return false;
        if (waiting.phase === "finishing") await finish(managers, waiting);
        else await takeBack(managers, waiting);
        return waiting.phase !== "finishing";
      });
    },

    /** Takes away everything of ours, here and after a restart. Answers with what was there. */
    remove() {
      return locked(async (managers) => {
        await recover(managers);
        const { live, strange } = await managers.read();
        const begun = await begin(managers, { phase: "finishing", request: null, before: live, after: {} });
        const removal: Change = { ...begun, permanentAfter: {} };
        await state.writeChange(removal);
        await startTimer(removal);
        const persistence = await finish(managers, removal);
        const isAnything = entriesOf(live).length + entriesOf(begun.permanentBefore).length + strange.length > 0;
        return { removed: live, isAnything, persistence };
      });
    },

    /** Mends what a command of before left undone; waits while one is at work. */
    recover: () => locked(recover),

    /** Mends what a command of before left undone, then looks. */
    status() {
      return locked(async (managers) => {
        const recovery = await recover(managers);
        const { live, strange } = await managers.read();
        const status: Status = {
          detection: await managers.detect(),
          applied: await state.readApplied(),
          change: await state.readChange(),
          drift: await driftOf(managers),
          live,
          strange,
        };
        return { recovery, status };
      });
    },

    /** Looks at drift only, without the lock and without mending anything. Undefined while a change waits. */
    look: (): Promise<Drift | undefined> => driftOf(openAllManagers(machine)),

    /** What was applied last; undefined where nothing was. */
    readApplied: () => state.readApplied(),
  };

  /** What the firewall says afterwards is what counts. */
  async function verify(managers: AllManagers, wanted: RulesByManager): Promise<void> {
    const { live, strange } = await managers.read();
    const wrong = differenceOf(live, wanted, strange).filter(({ sign }) => sign !== " ");
    if (wrong.length === 0) return;
    const lines = wrong.slice(0, 5).map(({ sign, text }) => `${sign}${text}`);
    throw new Error(`the firewall does not show what was written: ${lines.join("; ")}`);
  }
}

export type LiveFirewall = ReturnType<typeof createLiveFirewall>;
