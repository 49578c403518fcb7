import { examine } from "../../doctor/examine.ts";
import { createLocalHelper } from "../../doctor/local-helper.ts";
import { entriesOf, lineOf } from "../../doctor/report.ts";
import type { Identity } from "../../net/identity.ts";
import { findFlow } from "../../ports/port-map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type ConnectError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";

/** The same outage is looked into this often at most. */
const AGAIN_MS = 10 * 60_000;

/** Says in the agent's log why its manager is not in reach, as far as one end can tell. Never throws, never waited for. */
export function createOutageLine(needs: {
  readonly identity: () => Identity;
  readonly managerId: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): (error: ConnectError) => void {
  const { clock, random, log } = needs;
  let lookedAtMs: number | undefined;
  const look = async ({ destination }: ConnectError) => {
    const search = findFlow(destination.flow);
    if (!search.found) return;
    const near = createLocalHelper({
      identity: needs.identity,
      expect: { kind: "manager", id: needs.managerId() },
      flows: () => [], // What the manager begins is not what failed.
      peerAddresses: () => [destination.host],
      sawPeerFrom: () => [],
      clock,
      random,
    });
    const assumed = { flow: search.key, ports: [destination.port], isPool: false, problem: "" };
    const { examined, sights } = await examine(
      {
        near,
        far: null,
        nearRole: "agent",
        farAddress: destination.host,
        assumedFlows: [assumed],
        hasConnection: () => false,
        isRevoked: null,
      },
      { clock, random },
    );
    for (const entry of entriesOf(examined, { nearRole: "agent", sights })) {
      if (entry.state !== "open") log.warn({ flow: entry.flow, causes: entry.causes }, lineOf(entry));
    }
  };
  return (error) => {
    if (lookedAtMs !== undefined && clock.monotonic() - lookedAtMs < AGAIN_MS) return;
    lookedAtMs = clock.monotonic();
    look(error).catch((failure) => log.debug({ reason: reasonOf(failure) }, "the doctor could not look into it"));
  };
}
