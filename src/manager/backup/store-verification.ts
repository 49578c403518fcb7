import type { Alert } from "../../model/alert.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { CheckProblem } from "../../store/check-report.ts";
import type { Store } from "../../store/store.ts";

// Stored data goes bad without a sound, and is missed on the day it is needed. So some of it is read every day, the longest
// unverified first, and what is damaged is an alert of every host whose snapshots it touches.

/** Lasts until a look finds nothing of the host damaged: damaged packs are read again first. */
const CONDITION = "store.damaged";
const COMPONENT = "stored backups";
/** Paths that the alert names; `rusuban store check` names all. */
const PATHS_TOLD_MAX = 10;

/** The inbox, as far as damage is told there. */
export interface DamageTeller {
  readonly raise: (hostId: string, alert: Alert) => Promise<void>;
  readonly isOpen: (about: { hostId: string; condition: string; component: string }) => Promise<boolean>;
  readonly clock: Clock;
  readonly random: Random;
}

export async function verifyStore(needs: {
  readonly store: Pick<Store, "check" | "listSnapshots">;
  readonly maxSeconds: number;
  readonly damage: DamageTeller;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { store, maxSeconds, damage, log, signal } = needs;
  if (maxSeconds === 0) return;
  const { problems, packsRead, packs, bytesRead, packsNeverVerified } = await store.check({
    ...{ readData: true, maxSeconds, signal },
  });
  const damages = problems.filter(({ kind }) => kind !== "unprotected");
  const figures = { packsRead, packs, bytesRead, packsNeverVerified, problems: problems.length };
  if (damages.length === 0) log.info(figures, "store: what was read is what was written");
  for (const { what, kind, problem } of damages) log.error({ file: what, kind, problem }, "store: damage was found");
  const hostOf = new Map(store.listSnapshots().map(({ id, hostId }) => [id, hostId]));
  const hosts = new Set(hostOf.values());
  for (const hostId of hosts) {
    // Of what is in no snapshot that can be read nobody knows whose it is.
    const touching = damages.filter(
      ({ snapshots }) => snapshots.length === 0 || snapshots.some((id) => hostOf.get(id) === hostId),
    );
    const about = { hostId, condition: CONDITION, component: COMPONENT };
    try {
      if (touching.length > 0 === (await damage.isOpen(about))) continue;
      await damage.raise(hostId, alertOf(touching, damage));
    } catch (error) {
      // A host that has been removed since has snapshots, and no inbox.
      log.error({ hostId, reason: reasonOf(error) }, "store: damage could not be told");
    }
  }
}

function alertOf(damages: readonly CheckProblem[], { clock, random }: DamageTeller): Alert {
  const isDamaged = damages.length > 0;
  const snapshots = new Set(damages.flatMap((damage) => damage.snapshots));
  const paths = [...new Set(damages.flatMap(({ files }) => files.map(({ path }) => path.toString("utf8"))))];
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: isDamaged ? "critical" : "information",
    category: "software",
    kind: isDamaged ? "raised" : "cleared",
    component: COMPONENT,
    condition: CONDITION,
    summary: isDamaged
      ? `Stored backups are damaged: ${damages.length} places, ${snapshots.size} snapshots. Stop the manager and run \`rusuban store check --repair\``
      : "Stored backups are whole again",
    details: [
      ...damages.slice(0, PATHS_TOLD_MAX).map(({ what, problem }) => ({ name: what, value: problem.slice(0, 500) })),
      ...paths.slice(0, PATHS_TOLD_MAX).map((path) => ({ name: "path", value: path.slice(0, 500) })),
    ],
  };
}
