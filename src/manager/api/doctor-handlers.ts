import { ApiError } from "../../api/api-error.ts";
import type { DoctorReport, IdleExamination } from "../../api/doctor-routes.ts";
import type { Clock } from "../../runtime/clock.ts";
import { findHost } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import type { Examinations, HostDirectory } from "./needs.ts";

export interface DoctorHandlerNeeds {
  readonly hosts: Pick<HostDirectory, "find">;
  readonly examinations: Examinations;
  readonly clock: Clock;
}

type Handled = "doctorExamine" | "doctorIdleStart" | "doctorIdleShow" | "doctorIdleCancel";

export function createDoctorHandlers({ hosts, examinations, clock }: DoctorHandlerNeeds): Handlers<Handled> {
  return {
    async doctorExamine({ params, body }): Promise<DoctorReport> {
      const host = await findHost(hosts, params.host);
      const report = await examinations.examine(host.id, body);
      if (report === undefined) throw new ApiError("not-found", `host: ${host.name} is gone`);
      return report;
    },
    async doctorIdleStart({ params, body }) {
      const host = await findHost(hosts, params.host);
      return examinations.startIdle(host.id, body.idleSeconds);
    },
    async doctorIdleShow({ params, query }, { signal }) {
      const wait = new AbortController();
      const cancel = clock.after((query.waitSeconds ?? 0) * 1_000, () => wait.abort());
      const found = await examinations.findIdle(params.id, AbortSignal.any([wait.signal, signal])).finally(cancel);
      return known(found, params.id);
    },
    doctorIdleCancel({ params }) {
      return known(examinations.cancelIdle(params.id), params.id);
    },
  };
}

function known(found: IdleExamination | undefined, id: string): IdleExamination {
  if (found === undefined) throw new ApiError("not-found", `${id}: no such examination, or it ended long ago`);
  return found;
}
