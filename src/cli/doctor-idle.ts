import type { ApiClient } from "../api/client.ts";
import type { DoctorReport, IdleExamination } from "../api/doctor-routes.ts";
import { API_LIMITS } from "../api/limits.ts";
import { pause } from "../runtime/clock.ts";
import { WORDS } from "./doctor-words.ts";
import { Interruption } from "./interruption.ts";
import { EXIT } from "./output.ts";
import { createProgressLine } from "./progress-line.ts";
import type { Session } from "./session.ts";

const DEFAULT_SECONDS = 60;
const POLL_MS = 1_000;

/** The seconds of `--idle [SECONDS]`. Throws a usage error. */
export function idleSecondsOf(session: Session, text: string | true): number {
  if (text === true) return DEFAULT_SECONDS;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= API_LIMITS.idleSeconds) return seconds;
  throw session.failure("invalid-option", WORDS.idleSecondsWrong, {
    values: { text, max: API_LIMITS.idleSeconds },
    exit: EXIT.usage,
  });
}

/** Begins the examination, shows the time left, and gives the report. @throws Interruption at Ctrl-C, when it is cancelled. */
export async function examineIdle(
  session: Session,
  api: ApiClient,
  { host, seconds }: { readonly host: string; readonly seconds: number },
): Promise<DoctorReport> {
  const interruption = session.world.interruption();
  const line = createProgressLine(session.world);
  let run = await api.doctorIdleStart({ params: { host }, body: { idleSeconds: seconds } });
  const params = { id: run.id };
  try {
    while (run.state === "running") {
      line.show(session.say(WORDS.idleLeft, { seconds: run.secondsLeft }), "");
      await pause(session.world.clock, POLL_MS, interruption);
      if (interruption.aborted) {
        await api.doctorIdleCancel({ params }).catch(() => {}); // It ends by itself.
        throw new Interruption(session.say(WORDS.idleStopped));
      }
      run = await api.doctorIdleShow({ params });
    }
  } finally {
    line.clear();
  }
  return reportOf(session, run);
}

function reportOf(session: Session, { state, report, problem }: IdleExamination): DoctorReport {
  if (report !== null) return report;
  if (state === "cancelled") throw session.failure("cancelled", WORDS.idleCancelled);
  throw session.failure("examination-failed", WORDS.idleFailed, { values: { problem } });
}
