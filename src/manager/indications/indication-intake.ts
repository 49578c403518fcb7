import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import type { AlertDetail } from "../../model/alert.ts";
import type { ExportOrigin } from "../../protocols/cim-xml/export-server.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import type { Inbox } from "../alerts/inbox.ts";
import { alertOfIndication } from "./alert-of-indication.ts";
import { type LostRange, SequenceJudge, type SequenceMemory } from "./sequence-judge.ts";

// From an indication to the inbox. Its sender gets its answer after the inbox has it on disk, and an indication that comes
// twice is there once, because its alert's id is made of what names it. Only then are its numbers looked at, so that what
// could not be stored is not taken for a duplicate when it comes again.

/** How often missing numbers are looked for whose time is over, and the memory of numbers is written down. */
export const INTAKE_INTERVAL_MS = 60_000;

export interface IndicationIntake extends Service {
  /**
   * Indications that one sender told together. Resolves when they are on disk, but for those that can never be taken: why
   * not, for each. Throws CimError where their sender is nobody that is
   * known, and what the database throws.
   */
  commit(indications: readonly CimInstance[], origin: ExportOrigin): Promise<readonly (CimError | undefined)[]>;
  /** The sender says itself that so many are lost. */
  tellDropped(hostId: string, count: number): Promise<void>;
}

export interface IndicationIntakeNeeds {
  readonly inbox: Pick<Inbox, "store" | "raise">;
  /** Whose indications these are; undefined for a stranger. */
  readonly hostOf: (origin: ExportOrigin) => Promise<string | undefined>;
  /** The numbers that were seen before the last stop. */
  readonly memory: { load(): Promise<SequenceMemory>; save(memory: SequenceMemory): Promise<void> };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createIndicationIntake(needs: IndicationIntakeNeeds): IndicationIntake {
  const { inbox, hostOf, memory, clock, random, log } = needs;
  let judge = new SequenceJudge();
  let stop = () => {};

  async function commit(indications: readonly CimInstance[], origin: ExportOrigin) {
    const hostId = await hostOf(origin);
    if (hostId === undefined)
      throw new CimError("ACCESS_DENIED", `nothing is known here of ${origin.remoteAddress}: it is not listened to`);
    const receivedAtMs = clock.now();
    const freshId = () => createUuid({ clock, random });
    const alerts = indications.map((indication) => alertOfIndication({ indication, hostId, receivedAtMs, freshId }));
    const { refused } = await inbox.store(hostId, alerts);
    const problems = new Map(refused.map(({ id, reason }) => [id, reason]));
    return indications.map((indication, index) => {
      const problem = problems.get(alerts[index]?.id ?? "");
      // Said so in the sender's words: it would be sent again for ever.
      if (problem !== undefined) return new CimError("INVALID_PARAMETER", problem);
      note(indication, hostId);
      return undefined;
    });
  }

  function note(indication: CimInstance, hostId: string): void {
    const context = indication.get("SequenceContext");
    const number = indication.get("SequenceNumber");
    const verdict = judge.judge(
      {
        source: hostId,
        context: typeof context === "string" ? context : null,
        number: typeof number === "bigint" ? number : null,
      },
      clock.now(),
    );
    if (verdict.kind !== "after-gap") return;
    const { from, to } = verdict.missing;
    log.info({ host: hostId, from: String(from), to: String(to) }, "indications are missing so far");
  }

  function tellLost({ source: hostId, from, to }: LostRange): Promise<void> {
    const numbers = from === to ? String(from) : `${from} to ${to}`;
    return raiseLost(hostId, to - from + 1n, [{ name: "sequence numbers", value: numbers }]);
  }

  async function raiseLost(hostId: string, count: bigint, details: readonly AlertDetail[]): Promise<void> {
    await inbox.raise(hostId, {
      id: createUuid({ clock, random }),
      raisedAtMs: clock.now(),
      severity: "warning",
      category: "communication",
      kind: "event",
      component: "indications",
      condition: "indications.lost",
      summary: `${count} ${count === 1n ? "indication" : "indications"} of this server did not arrive`,
      details,
    });
  }

  async function upkeep(): Promise<void> {
    try {
      for (const lost of judge.takeLost(clock.now())) await tellLost(lost);
      await memory.save(judge.memory());
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, "what is known of indications' numbers could not be written down");
    }
  }

  return {
    name: "indication-intake",
    commit,
    tellDropped: (hostId, count) => raiseLost(hostId, BigInt(count), [{ name: "told by", value: "the server itself" }]),
    async start() {
      judge = new SequenceJudge(await memory.load());
      stop = every(clock, INTAKE_INTERVAL_MS, upkeep);
    },
    async stop() {
      stop();
      await upkeep();
    },
  };
}
