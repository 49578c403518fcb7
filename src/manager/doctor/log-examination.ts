import { lineOf } from "../../doctor/report.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Doctor } from "./doctor.ts";

/** Examines a host that fell silent and logs a line for each flow that is not open. Never rejects. */
export async function logExamination(doctor: Pick<Doctor, "examine">, hostId: string, log: Log): Promise<void> {
  try {
    const examination = await doctor.examine(hostId);
    for (const entry of examination?.entries ?? []) {
      const { flow, family, state, causes } = entry;
      if (state === "closed" || state === "partly") log.warn({ hostId, flow, family, state, causes }, lineOf(entry));
    }
  } catch (error) {
    log.debug({ hostId, reason: reasonOf(error) }, "the doctor could not look into it");
  }
}
