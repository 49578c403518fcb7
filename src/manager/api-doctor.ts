import { ApiError } from "../api/api-error.ts";
import { PeerError, WireError } from "../runtime/errors.ts";
import type { Examinations } from "./api/needs.ts";
import type { Doctor } from "./doctor/doctor.ts";

/** The doctor as the API sees it. */
export function createExaminationDesk(doctor: Pick<Doctor, "examine">): Examinations {
  return {
    async examine(hostId, options) {
      const examination = await doctor.examine(hostId, options).catch(asApiError);
      if (examination === undefined) return undefined;
      const { host, entries, ...rest } = examination;
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
          evidence: [...entry.evidence],
          commands: [...entry.commands],
        })),
      };
    },
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
