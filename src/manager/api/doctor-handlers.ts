import { ApiError } from "../../api/api-error.ts";
import type { DoctorReport } from "../../api/doctor-routes.ts";
import { findHost } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import type { Examinations, HostDirectory } from "./needs.ts";

export interface DoctorHandlerNeeds {
  readonly hosts: Pick<HostDirectory, "find">;
  readonly examinations: Examinations;
}

export function createDoctorHandlers({ hosts, examinations }: DoctorHandlerNeeds): Handlers<"doctorExamine"> {
  return {
    async doctorExamine({ params, body }): Promise<DoctorReport> {
      const host = await findHost(hosts, params.host);
      const report = await examinations.examine(host.id, body);
      if (report === undefined) throw new ApiError("not-found", `host: ${host.name} is gone`);
      return report;
    },
  };
}
