// One examination of the ways between two ends: looks at both, tries every flow in its true direction and each family,
// counts what arrives where something fails, and judges. Everything that can go on at once does.

import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";
import { withTimeout } from "../runtime/service.ts";
import { countArrivals } from "./count-arrivals.ts";
import type { Evidence } from "./evidence.ts";
import type { ExaminationNeeds, Examined, Sights, Subject } from "./examination.ts";
import { findSubjects } from "./find-subjects.ts";
import { forgive } from "./forgiving-helper.ts";
import { gatherEvidence } from "./gather-evidence.ts";
import type { Helper, Sight } from "./helper.ts";
import { judge } from "./judge.ts";
import { createTimeLeft, type TimeLeft } from "./time-left.ts";
import { traceFailures } from "./trace-failures.ts";
import { createTrial, type Trial } from "./trial.ts";
import { tryIdle } from "./try-idle.ts";
import { tryQuality } from "./try-quality.ts";
import { trySubject } from "./try-subject.ts";

export async function examine(
  needs: ExaminationNeeds,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<{ readonly examined: readonly Examined[]; readonly sights: Sights }> {
  const { near, onProgress = () => {}, onProblem = () => {} } = needs;
  const hasTimeFor = createTimeLeft(clock, needs.beganAt ?? clock.monotonic());
  onProgress("looking");
  const sights = await lookAtBoth(needs, clock, onProblem);
  const far = needs.far === null || sights.far === null ? null : forgive(needs.far, sights.far, onProblem);
  const subjects = await findSubjects(needs, sights);
  const trials = subjects.map(createTrial);
  onProgress("trying");
  await Promise.all(
    trials.map(async (trial) => {
      await trySubject(trial, { near, far, sights, random, hasTimeFor });
      await tryQuality(trial, { near, far, random, hasTimeFor });
    }),
  );
  onProgress("counting");
  const [complete] = await Promise.all([
    withFirewalls(sights, { near, far, hasTimeFor, clock }),
    countArrivals(trials, { near, far, hasTimeFor, isOneComputer: sights.isOneComputer === true }),
  ]);
  const { idle, trace } = needs;
  // Behind the counting, which its packets would disturb.
  if (trace !== undefined && hasTimeFor(TRACING_MS)) await traceFailures(trials, trace);
  if (idle !== undefined && far !== null) {
    onProgress("idling");
    await Promise.all(trials.map((trial) => tryIdle(trial, { idle, far, random })));
  }
  return { examined: judgeAll(trials, needs, complete), sights: complete };
}

/** Two computers may have one private address in common (a bridge of containers), but not all of them. */
function areOneComputer(near: Sight, far: Sight): boolean {
  return [...near.addresses].sort().join() === [...far.addresses].sort().join();
}

/** What it takes to look for hops: a program waits a second for what does not answer. */
const TRACING_MS = 2_000;

/** A far end that does not tell what it sees by then is one that cannot be asked. */
const LOOK_MS = 4_500;

async function lookAtBoth(
  { near, far }: ExaminationNeeds,
  clock: Clock,
  onProblem: (error: unknown) => void,
): Promise<Sights> {
  const asked = far && withTimeout(far.look([]), { what: "the far end's look", timeoutMs: LOOK_MS, clock });
  const [mine, theirs] = await Promise.all([
    near.look([]),
    asked?.catch((error: unknown) => {
      onProblem(error);
      return null;
    }) ?? null,
  ]);
  // Asked at once, so that the two differ by the way between them at most.
  const [myTime, theirTime] = [mine.atMs, theirs?.atMs ?? null];
  const isOneComputer = theirs && areOneComputer(mine, theirs);
  return {
    near: mine,
    far: theirs,
    isOneComputer,
    farAheadMs: myTime === null || theirTime === null ? null : theirTime - myTime,
  };
}

/** Programs of firewalls take up to some seconds, and a look waits for less than one; a host without root never says it. */
const FIREWALL_LOOKS_MAX = 4;
/** A look, which waits for them a little less. */
const LOOKING_MS = 1_000;

/** What the hosts' firewalls say takes a moment: who had not heard by the first look is asked again. */
async function withFirewalls(
  sights: Sights,
  {
    near,
    far,
    hasTimeFor,
    clock,
  }: { readonly near: Helper; readonly far: Helper | null; readonly hasTimeFor: TimeLeft; readonly clock: Clock },
): Promise<Sights> {
  const again = async (sight: Sight, end: Helper): Promise<Sight> => {
    let found: Pick<Sight, "firewall" | "ruleAddresses"> = sight;
    for (let looks = 1; found.firewall === "" && looks < FIREWALL_LOOKS_MAX && hasTimeFor(LOOKING_MS); looks += 1) {
      const looked = withTimeout(end.look([]), { what: "another look", timeoutMs: LOOKING_MS, clock });
      found = await looked.catch(() => sight); // Too busy; perhaps at the next one.
    }
    return { ...sight, firewall: found.firewall, ruleAddresses: found.ruleAddresses };
  };
  const [mine, theirs] = await Promise.all([
    again(sights.near, near),
    sights.far === null || far === null ? sights.far : again(sights.far, far),
  ]);
  return { ...sights, near: mine, far: theirs };
}

/** Twice: what a flow is worth as a sign for others is known only when it has been judged by itself. */
function judgeAll(trials: readonly Trial[], needs: ExaminationNeeds, sights: Sights): Examined[] {
  const evidences = trials.map((trial) => gatherEvidence(trial, { needs, sights, trials }));
  const first = evidences.map(judge);
  return trials.map(({ subject }, index) => {
    const evidence = { ...(evidences[index] as Evidence), ...signsOfOthers(index, trials, first, sights) };
    return { subject, evidence, verdict: judge(evidence) };
  });
}

function signsOfOthers(
  index: number,
  trials: readonly Trial[],
  verdicts: readonly { readonly state: string }[],
  { far }: Sights,
): Pick<Evidence, "hostAnswers" | "sameDirectionWorks" | "oppositeDirectionWorks" | "destinationIsForwarded"> {
  const own = trials[index]?.subject as Subject;
  const others = trials.flatMap(({ subject, address, attempts }, place) =>
    subject.family === own.family ? [{ subject, address, attempts, state: verdicts[place]?.state ?? "unknown" }] : [],
  );
  const works = (state: string) => state === "open" || state === "partly";
  const ofDirection = (initiator: Subject["initiator"]) => {
    const states = others.filter(({ subject }) => subject.initiator === initiator).map(({ state }) => state);
    const tried = states.filter((state) => state !== "unknown");
    return tried.length === 0 ? null : tried.some(works);
  };
  const opposite = own.initiator === "near" ? "far" : "near";
  const answered = others.some(
    ({ subject, attempts }) => subject.initiator === own.initiator && attempts.some(({ code }) => code === ""),
  );
  const isAsked = own.initiator === "near" && far !== null;
  const destination = trials[index]?.address;
  return {
    destinationIsForwarded: others.some(
      ({ address, attempts }) => address === destination && attempts.some(({ proof }) => proof === "ours"),
    ),
    hostAnswers: answered || isAsked || ofDirection(opposite) === true ? true : null,
    sameDirectionWorks: ofDirection(own.initiator),
    oppositeDirectionWorks: ofDirection(opposite),
  };
}
