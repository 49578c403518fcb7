import { ApiError } from "../api/api-error.ts";
import type { DoctorReport, IdleExamination } from "../api/doctor-routes.ts";
import type { Clock } from "../runtime/clock.ts";
import { PeerError, WireError } from "../runtime/errors.ts";
import type { Examinations } from "./api/needs.ts";
import type { Doctor, HostExamination } from "./doctor/doctor.ts";
import type { IdleExaminations, IdleRun } from "./doctor/idle-examinations.ts";

/** The doctor as the API sees it. */
export function createExaminationDesk(
  doctor: Pick<Doctor, "examine">,
  { idle, clock }: { readonly idle: IdleExaminations; readonly clock: Clock },
): Examinations {
  const tell = (run: IdleRun | undefined) => run && toIdle(run, clock);
  return {
    async examine(hostId, options) {
      const examination = await doctor.examine(hostId, options).catch(asApiError);
      return examination && toReport(examination);
    },
    startIdle(hostId, seconds) {
      try {
        return toIdle(idle.start(hostId, seconds), clock);
      } catch (error) {
        return asApiError(error);
      }
    },
    findIdle: async (id, signal) => tell(await idle.find(id, signal)),
    cancelIdle: (id) => tell(idle.cancel(id)),
  };
}

function toReport({ host, entries, ...rest }: HostExamination): DoctorReport {
  return {
    host: host.name,
    hostId: host.id,
    address: host.address,
    ...rest,
    entries: entries.map((entry) => ({
      ...entry,
      direction: entry.direction === "manager-to-agent" ? "manager-to-agent" : "agent-to-manager",
      causes: [...entry.causes],
      where: [...entry.where],
      hops: entry.hops && { ...entry.hops, path: [...entry.hops.path] },
      evidence: [...entry.evidence],
      commands: [...entry.commands],
    })),
  };
}

function toIdle({ id, hostId, seconds, startedAtMs, endsAt, outcome }: IdleRun, clock: Clock): IdleExamination {
  const leftMs = outcome.state === "running" ? endsAt - clock.monotonic() : 0;
  return {
    id,
    hostId,
    idleSeconds: seconds,
    state: outcome.state,
    startedAtMs,
    secondsLeft: Math.max(0, Math.ceil(leftMs / 1_000)),
    problem: outcome.state === "failed" ? outcome.problem : "",
    report: outcome.state === "done" ? toReport(outcome.examination) : null,
  };
}

/** What the caller did wrong: too much at once, or an answer that is none. */
function asApiError(error: unknown): never {
  if (error instanceof PeerError && error.code === "busy") throw new ApiError("throttled", error.message);
  if (error instanceof PeerError && error.code === "refused")
    throw new ApiError("conflict", `answer: ${error.message}`);
  if (error instanceof WireError) throw new ApiError("invalid-request", `answer: ${error.message}`);
  throw error;
}
