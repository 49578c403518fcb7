import type { HostFacts } from "../../../model/host.ts";
import { type Clock, every } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Service } from "../../../runtime/service.ts";
import type { HostList, HostLook } from "../../fleet/host-list.ts";

// What looks bring for the database: when each server was seen last, and what it is where that has changed. It waits for a
// few seconds and is written at once: a transaction for each look made the disk's sync the dearest part of it
// (bench/watch.ts). Until then presence knows it; what a kill costs is some seconds of "seen last".

export const LOOK_NOTES_INTERVAL_MS = 10_000;

export interface LookNotes extends Service {
  /** Waits for nothing. */
  take(hostId: string, facts: Partial<HostFacts>): void;
}

export function createLookNotes({
  hosts,
  clock,
  log,
}: {
  readonly hosts: Pick<HostList, "looked">;
  readonly clock: Clock;
  readonly log: Log;
}): LookNotes {
  /** By host; the last look at each counts. */
  const waiting = new Map<string, HostLook>();
  /** Facts as they were written last, to write only what is new. */
  const written = new Map<string, string>();
  let stop = () => {};

  async function write(): Promise<void> {
    const looks = [...waiting];
    waiting.clear();
    if (looks.length === 0) return;
    try {
      await hosts.looked(new Map(looks.map(([id, look]) => [id, isWritten(id, look) ? { ...look, facts: {} } : look])));
      for (const [id, { facts }] of looks) written.set(id, JSON.stringify(facts));
    } catch (error) {
      // The next look brings it again.
      log.error({ hosts: looks.length, reason: reasonOf(error) }, "what was seen of servers could not be noted");
    }
  }

  const isWritten = (id: string, { facts }: HostLook) => written.get(id) === JSON.stringify(facts);

  return {
    name: "look-notes",
    take: (hostId, facts) => void waiting.set(hostId, { facts, atMs: clock.now() }),
    async start() {
      stop = every(clock, LOOK_NOTES_INTERVAL_MS, write);
    },
    async stop() {
      stop();
      await write();
    },
  };
}
