import type { Random } from "../runtime/random.ts";
import type { Helper } from "./helper.ts";
import { IDLE_RESERVE_MS, type IdleOrder, type IdleOutcome } from "./probes/idle-connections.ts";
import type { Trial } from "./trial.ts";
import { ATTEMPT_MS, SECRET_BYTES } from "./try-subject.ts";

/** How the near end leaves connections idle. */
export interface IdleNeeds {
  readonly seconds: number;
  readonly leave: (order: IdleOrder) => Promise<IdleOutcome | null>;
  /** As Held's: of the near end. */
  readonly forgetsAfterS: () => Promise<number | null>;
}

/** Leaves connections idle on one port of a pool that passes: towards the far end, because the near one has time to wait. */
export async function tryIdle(
  trial: Trial,
  { idle, far, random }: { readonly idle: IdleNeeds; readonly far: Helper; readonly random: Random },
): Promise<void> {
  const { subject, address, attempts } = trial;
  const passing = attempts.find(({ code, proof }) => code === "" && proof === "ours");
  if (!subject.isPool || subject.transport !== "tcp" || subject.initiator !== "near" || passing === undefined) return;
  const { family, flow } = subject;
  const { port } = passing;
  const { seconds } = idle;
  const secret = random(SECRET_BYTES);
  const held = await far.hold({ family, port, secret, lifeMs: 4 * seconds * 1_000 + IDLE_RESERVE_MS });
  if (held.code !== "") return;
  const target = { flow, address, port, timeoutMs: ATTEMPT_MS };
  const [outcome, initiatorForgetsS] = await Promise.all([
    idle.leave({ target, secret, seconds }),
    idle.forgetsAfterS(),
  ]);
  // The far end closes by itself; where its control connection was cut as well, nobody waits for it.
  void far.heard(held.id);
  if (outcome === null) return;
  trial.idle = { seconds, ...outcome, initiatorForgetsS, listenerForgetsS: held.forgetsAfterS };
}
