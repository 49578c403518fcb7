// The firewall of this host as operations: look, compare, change, confirm, take back, remove. Every change is written
// down first (state-folder.ts) and is one of two things at any moment: as before, or as wanted; a change that was cut
// short goes back when anybody looks, or when its timer does. Invariants (test/peers/firewall-live.test.ts, for each
// manager): a second apply runs no command that changes; what is not ours is the same before and after; removing leaves
// no trace.

import { join } from "node:path";
import type { Clock } from "../../runtime/clock.ts";
import { PeerError, reasonOf } from "../../runtime/errors.ts";
import { takeProcessLock } from "../../runtime/process-lock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { FirewallBackend, Machine, ManagerKind, PersistenceReport } from "./backend.ts";
import { type Detection, detectFirewall } from "./detect.ts";
import { type DifferenceLine, differenceOf, entriesOf, isSame } from "./difference.ts";
import { createFirewalldBackend } from "./firewalld.ts";
import { createIptablesBackend } from "./iptables.ts";
import { createNftBackend } from "./nftables.ts";
import type { Opening } from "./opening.ts";
import { type Applied, type Change, isAlive, openStateFolder, type RulesByManager } from "./state-folder.ts";
import { createUfwBackend } from "./ufw.ts";

export interface LiveFirewallNeeds {
  readonly machine: Machine;
  readonly stateFolder: string;
  /** Starts the process that takes a change back, apart from this one; its process id. */
  readonly startTimer: (options: { readonly stateFolder: string; readonly changeId: string }) => Promise<number>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Plan {
  readonly detection: Detection;
  readonly live: RulesByManager;
  readonly wanted: RulesByManager;
  readonly leftOut: readonly { readonly opening: Opening; readonly reason: string }[];
  readonly difference: readonly DifferenceLine[];
}

export interface ApplyOptions {
  /** 0: at once for good. */
  readonly revertAfterMs: number;
  readonly permanent: boolean;
}

export type ApplyOutcome =
  | { readonly changed: false; readonly persistence: PersistenceReport }
  | { readonly changed: true; readonly deadlineAtMs: number | null; readonly persistence: PersistenceReport };

export interface Status {
  readonly detection: Detection;
  readonly applied: Applied | undefined;
  readonly change: Change | undefined;
  /** What has changed since it was applied; undefined while a change waits, or where nothing was applied. */
  readonly drift: readonly DifferenceLine[] | undefined;
  readonly live: RulesByManager;
  readonly strange: readonly string[];
}

/** What a command of before left undone, and what became of it. */
export type Recovery = "taken back" | "finished" | "none";

const NOTHING: PersistenceReport = { done: [], missing: [] };

export function createLiveFirewall(needs: LiveFirewallNeeds) {
  const { machine, clock, random } = needs;
  const state = openStateFolder(needs.stateFolder);
  const backends: Readonly<Record<ManagerKind, FirewallBackend>> = {
    firewalld: createFirewalldBackend(machine),
    ufw: createUfwBackend(machine),
    nftables: createNftBackend(machine),
    iptables: createIptablesBackend(machine),
  };

  /** Firewalls come and go: one that does not run has no rules of ours, and none can be put there. */
  async function forEach<T>(kinds: readonly ManagerKind[], work: (backend: FirewallBackend) => Promise<T>) {
    const results: Partial<Record<ManagerKind, T>> = {};
    for (const kind of kinds) {
      try {
        results[kind] = await work(backends[kind]);
      } catch (error) {
        if (!(error instanceof PeerError && error.code === "not-installed")) throw error;
      }
    }
    return results;
  }

  async function present(): Promise<ManagerKind[]> {
    const isFirewalld = await machine.run("firewall-cmd", ["--state"]).then(
      ({ code }) => code === 0,
      () => false,
    );
    return isFirewalld ? ["firewalld", "ufw", "nftables", "iptables"] : ["ufw", "nftables", "iptables"];
  }

  async function readLive(): Promise<{ live: RulesByManager; strange: readonly string[] }> {
    const results = await forEach(await present(), (backend) => backend.read());
    const live = Object.fromEntries(Object.entries(results).map(([kind, { entries }]) => [kind, entries]));
    return { live, strange: Object.values(results).flatMap(({ strange }) => strange) };
  }

  async function converge(rules: RulesByManager): Promise<void> {
    await forEach(await present(), (backend) => backend.converge(rules[backend.kind] ?? []));
  }

  async function readPermanent(): Promise<RulesByManager> {
    return forEach(await present(), (backend) => backend.readPersistent());
  }

  async function persist(rules: RulesByManager): Promise<PersistenceReport> {
    const reports = Object.values(
      await forEach(await present(), (backend) => backend.persist(rules[backend.kind] ?? [])),
    );
    return { done: reports.flatMap(({ done }) => done), missing: reports.flatMap(({ missing }) => missing) };
  }

  /** One program at a time changes anything. */
  async function locked<T>(work: () => Promise<T>): Promise<T> {
    await state.prepare();
    const lock = takeProcessLock(join(state.path, "lock"));
    if (!lock.held) {
      const who = lock.holder === undefined ? "another process" : `process ${lock.holder}`;
      throw new PeerError("busy", `${who} is changing the firewall: try again in a moment`);
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  /** Back to what was there before the change. */
  async function takeBack(change: Change): Promise<void> {
    await converge(change.before);
    if (change.permanentAfter !== null) await persist(change.permanentBefore);
    await state.writeChange(null);
  }

  /** On to what the change decided. */
  async function finish(change: Change): Promise<PersistenceReport> {
    await converge(change.after);
    const report = change.permanentAfter === null ? NOTHING : await persist(change.permanentAfter);
    const isRemoval = change.phase === "removing";
    const { after: rules, inCharge } = change;
    await state.writeApplied(
      isRemoval ? null : { appliedAtMs: clock.now(), inCharge, rules, isPermanent: change.permanentAfter !== null },
    );
    await state.writeChange(null);
    return report;
  }

  /** With the lock held: ends what a process that died left half done. A change that waits in peace stays. */
  async function recover(): Promise<Recovery> {
    const change = await state.readChange();
    if (change === undefined) return "none";
    if (change.phase === "confirming" || change.phase === "removing") {
      await finish(change);
      return "finished";
    }
    const isOver = change.deadlineAtMs !== null && clock.now() >= change.deadlineAtMs;
    if (change.phase === "changing" || isOver) {
      await takeBack(change);
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

  async function plan(openings: readonly Opening[], { denying = false } = {}): Promise<Plan> {
    const detection = await detectFirewall(machine, { denying });
    const { live, strange } = await readLive();
    const wants = await forEach(await present(), (backend) => backend.want(openings, detection.places));
    const wanted = Object.fromEntries(Object.entries(wants).map(([kind, { entries }]) => [kind, entries]));
    const leftOut = Object.values(wants).flatMap((each) => each.leftOut);
    return { detection, live, wanted, leftOut, difference: differenceOf(live, wanted, strange) };
  }

  async function change({ wanted, live, detection }: Plan, options: ApplyOptions): Promise<ApplyOutcome> {
    const startedAtMs = clock.now();
    const { revertAfterMs, permanent } = options;
    const permanentBefore = await readPermanent();
    let now: Change = {
      id: createUuid({ clock, random }),
      phase: "changing",
      startedAtMs,
      deadlineAtMs: revertAfterMs === 0 ? null : startedAtMs + revertAfterMs,
      timerPid: null,
      inCharge: detection.inCharge,
      before: live,
      after: wanted,
      permanentBefore,
      permanentAfter: permanent ? wanted : null,
    };
    await state.writeChange(now);
    try {
      // Before the first command: from here on somebody takes it back, whatever becomes of this process.
      if (revertAfterMs > 0) now = await startTimer(now);
      await converge(wanted);
      await verify(wanted);
    } catch (error) {
      await takeBack(now);
      throw new PeerError("not-applied", `nothing was changed: ${reasonOf(error)}`);
    }
    if (revertAfterMs > 0) {
      await state.writeChange({ ...now, phase: "waiting" });
      return { changed: true, deadlineAtMs: now.deadlineAtMs, persistence: NOTHING };
    }
    await state.writeChange({ ...now, phase: "confirming" });
    return { changed: true, deadlineAtMs: null, persistence: await finish(now) };
  }

  /** What the firewall says afterwards is what counts. */
  async function verify(wanted: RulesByManager): Promise<void> {
    const { live, strange } = await readLive();
    const wrong = differenceOf(live, wanted, strange).filter(({ sign }) => sign !== " ");
    if (wrong.length === 0) return;
    const lines = wrong.slice(0, 5).map(({ sign, text }) => `${sign}${text}`);
    throw new Error(`the firewall does not show what was written: ${lines.join("; ")}`);
  }

  return {
    plan,

    apply(openings: readonly Opening[], options: ApplyOptions & { readonly denying?: boolean }) {
      return locked(async () => {
        const recovery = await recover();
        const planned = await plan(openings, options);
        const pending = await state.readChange();
        if (isSame(planned.difference)) {
          if (pending !== undefined) {
            const outcome: ApplyOutcome = { changed: true, deadlineAtMs: pending.deadlineAtMs, persistence: NOTHING };
            return { recovery, plan: planned, outcome };
          }
          const persistence = options.permanent ? await persist(planned.wanted) : NOTHING;
          const { wanted: rules } = planned;
          const before = await state.readApplied();
          const isPermanent = options.permanent || (before?.isPermanent ?? false);
          if (!isSame(differenceOf(before?.rules ?? {}, rules)) || before?.isPermanent !== isPermanent) {
            await state.writeApplied({
              appliedAtMs: clock.now(),
              inCharge: planned.detection.inCharge,
              rules,
              isPermanent,
            });
          }
          return { recovery, plan: planned, outcome: { changed: false, persistence } satisfies ApplyOutcome };
        }
        if (pending !== undefined) {
          const problem =
            "a change waits for `rusuban firewall confirm`: confirm it, or take it back with `rusuban firewall revert`, then apply this one";
          throw new PeerError("change-waiting", problem);
        }
        return { recovery, plan: planned, outcome: await change(planned, options) };
      });
    },

    /** The change that waits becomes what is applied. Throws PeerError `nothing-waits` where there is none any more. */
    confirm() {
      return locked(async () => {
        const recovery = await recover();
        const waiting = await state.readChange();
        if (waiting === undefined) {
          const why =
            recovery === "taken back"
              ? "its time was over, and it was taken back"
              : "nothing was applied, or it was taken back or confirmed before";
          throw new PeerError("nothing-waits", `no change waits for confirmation: ${why}`);
        }
        const confirming: Change = { ...waiting, phase: "confirming" };
        await state.writeChange(confirming);
        return { rules: confirming.after, persistence: await finish(confirming) };
      });
    },

    /** Takes the waiting change back now. `changeId`: only that one. Answers whether there was one. */
    revert({ changeId }: { readonly changeId?: string } = {}) {
      return locked(async () => {
        const waiting = await state.readChange();
        if (waiting === undefined || (changeId !== undefined && waiting.id !== changeId)) return false;
        if (waiting.phase === "confirming" || waiting.phase === "removing") {
          await finish(waiting);
          return false;
        }
        await takeBack(waiting);
        return true;
      });
    },

    /** Takes away everything of ours, here and after a restart. Answers with what was there. */
    remove() {
      return locked(async () => {
        await recover();
        const { live, strange } = await readLive();
        const permanent = await readPermanent();
        const removal: Change = {
          id: createUuid({ clock, random }),
          phase: "removing",
          startedAtMs: clock.now(),
          deadlineAtMs: null,
          timerPid: null,
          inCharge: "none",
          before: live,
          after: {},
          permanentBefore: permanent,
          permanentAfter: {},
        };
        await state.writeChange(removal);
        const persistence = await finish(removal);
        const isAnything = entriesOf(live).length + entriesOf(permanent).length + strange.length > 0;
        return { removed: live, isAnything, persistence };
      });
    },

    status() {
      return locked(async () => {
        const recovery = await recover();
        const detection = await detectFirewall(machine);
        const { live, strange } = await readLive();
        const [applied, waiting] = [await state.readApplied(), await state.readChange()];
        const drift =
          applied === undefined || waiting !== undefined ? undefined : differenceOf(live, applied.rules, strange);
        return { recovery, status: { detection, applied, change: waiting, drift, live, strange } satisfies Status };
      });
    },

    /** Without a lock and without mending anything: for looking now and then. */
    async look(): Promise<{ applied: Applied | undefined; drift: readonly DifferenceLine[] | undefined }> {
      const applied = await state.readApplied();
      if (applied === undefined || (await state.readChange()) !== undefined) return { applied, drift: undefined };
      const { live, strange } = await readLive();
      return { applied, drift: differenceOf(live, applied.rules, strange) };
    },
  };
}

export type LiveFirewall = ReturnType<typeof createLiveFirewall>;
