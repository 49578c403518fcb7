// While a job runs, its data ports are open to its manager, where a setting asks for it; the firewall closes them by
// itself when the time is over, should this agent not live to do it.

import type { JobOpening, JobOpeningOutcome } from "../../firewall/live/job-openings.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { JobPlace } from "../backup/job-places.ts";

export interface JobDoorsNeeds {
  /** How long at most; 0 where jobs open nothing. */
  readonly seconds: number;
  readonly open: (opening: JobOpening) => Promise<JobOpeningOutcome>;
  readonly log: Log;
}

export interface JobDoors {
  /** The same place, its ports open to `peer` until it is left. A failure to open is logged: the job goes on. */
  around(place: JobPlace, job: { readonly jobId: string; readonly peer: string }): JobPlace;
}

export function createJobDoors({ seconds, open, log }: JobDoorsNeeds): JobDoors {
  return {
    around(place, { jobId, peer }) {
      if (!place.taken || seconds === 0) return place;
      const { ports } = place;
      // A socket of both families shows IPv4 so; a card behind the address is this host's own business.
      const address = peer.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
      const opening = open({ ports, peer: address, seconds, comment: `rusuban:job:${jobId}` }).catch(
        (error: unknown) => ({
          opened: false as const,
          reason: reasonOf(error),
        }),
      );
      void opening.then((outcome) => {
        if (!outcome.opened) log.warn({ jobId, ports, reason: outcome.reason }, "data ports of a job were not opened");
      });
      return {
        ...place,
        leave() {
          place.leave();
          void opening
            .then((outcome) => (outcome.opened ? outcome.close() : undefined))
            .catch((error: unknown) => {
              log.warn(
                { jobId, ports, reason: reasonOf(error) },
                "data ports of a job stay open until their time is over",
              );
            });
        },
      };
    },
  };
}
