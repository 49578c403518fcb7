import type { Alert } from "../../model/alert.ts";
import { describePing, type PingResult } from "../../net/ping.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import { createUnreachableAlert } from "./reachability.ts";

/** How often silent ones are looked for. */
const LOOK_MS = 60_000;
/** Silent ones that are pinged at once: a network that is gone has all of them silent. */
const PINGS_AT_ONCE_MAX = 16;
/** Heartbeats that may be late: one is lost to a restart, another to the try after it. */
const HEARTBEATS = 3;

export interface WindowsSilenceNeeds {
  readonly heartbeatMs: number;
  /** Hosts, known by their Windows events only and to be told of, without a sign of life for longer than this. */
  readonly silent: (silentMs: number) => readonly string[];
  /** Marks it unreachable unless it has shown itself meanwhile; whether that is news. */
  readonly miss: (hostId: string, silentMs: number) => boolean;
  readonly find: (
    hostId: string,
  ) => Promise<{ readonly name: string; readonly address: string; readonly lastSeenAtMs: number | null } | undefined>;
  readonly ping: (address: string) => Promise<PingResult>;
  readonly raise: (hostId: string, alert: Alert) => Promise<void>;
  readonly onChange: (hostId: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Tells of Windows computers that neither send events nor say that they are there: nobody asks them. */
export function createWindowsSilence(needs: WindowsSilenceNeeds): Service {
  const { heartbeatMs, silent, miss, find, ping, raise, onChange, clock, random, log } = needs;
  const silentMs = HEARTBEATS * heartbeatMs;
  let stop = () => {};

  async function tell(hostId: string): Promise<void> {
    const host = await find(hostId);
    if (host === undefined) return;
    const pinged = await ping(host.address);
    if (!miss(hostId, silentMs)) return;
    onChange(hostId);
    const cause = `it has sent neither events nor heartbeats for ${Math.round(silentMs / 60_000)} minutes`;
    const alert = createUnreachableAlert(
      host,
      { severity: pinged.reachable === true ? "major" : "critical", cause, ping: describePing(pinged), asked: [] },
      { clock, random },
    );
    await raise(hostId, alert);
  }

  const tellSafely = (hostId: string) =>
    tell(hostId).catch((error: unknown) => {
      log.error({ host: hostId, reason: reasonOf(error) }, "an alert about a server could not be noted");
    });

  return {
    name: "silence of Windows computers",
    async start() {
      stop = every(clock, LOOK_MS, async () => {
        const all = silent(silentMs);
        for (let start = 0; start < all.length; start += PINGS_AT_ONCE_MAX) {
          await Promise.all(all.slice(start, start + PINGS_AT_ONCE_MAX).map(tellSafely));
        }
      });
    },
    async stop() {
      stop();
    },
  };
}
