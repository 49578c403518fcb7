import type { Connections } from "../net/connections.ts";
import type { Identity } from "../net/identity.ts";
import { type Clock, every } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Service } from "../runtime/service.ts";

const EVERY_MS = 5 * 60_000;

/** Ends connections that outlive their certificate, and renews the manager's own. */
export function createHousekeeping({
  clock,
  log,
  connections,
  identity,
  renew,
  onRenewed,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  readonly identity: () => Identity;
  readonly renew: () => Promise<Identity>;
  readonly onRenewed: (identity: Identity) => void;
}): Service {
  let stop = () => {};
  return {
    name: "housekeeping",
    async start() {
      stop = every(clock, EVERY_MS, async () => {
        const ended = connections.closeExpired(clock);
        if (ended > 0) log.info({ ended }, "connections outlived their certificates and were ended");
        if (clock.now() < identity().renewAfter) return;
        try {
          onRenewed(await renew());
          log.info({ validUntilMs: identity().expiresAt }, "the manager's certificate was renewed");
        } catch (error) {
          log.error({ reason: reasonOf(error) }, "the manager's certificate could not be renewed");
        }
      });
    },
    async stop() {
      stop();
    },
  };
}
