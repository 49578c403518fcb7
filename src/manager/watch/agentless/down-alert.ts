import type { Alert } from "../../../model/alert.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { createUuid, type Random } from "../../../runtime/random.ts";
import { HOST_COMPONENT, LAST_SIGN_DETAIL, UNREACHABLE_CONDITION } from "../reachability.ts";
import type { Target } from "./target.ts";

/** The same condition as of a host with an agent: it ends in the same way, with the length of the outage. */
export function createDownAlert(
  { name, address, means }: Pick<Target, "name" | "address" | "means">,
  {
    ping,
    reason,
    lastSeenAtMs,
  }: { readonly ping: string; readonly reason: string; readonly lastSeenAtMs: number | null },
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Alert {
  const cause =
    ping === "answers"
      ? `the machine answers ping, but cannot be looked at by ${means}: ${reason}`
      : `it answers neither ping nor ${means}`;
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: ping === "answers" ? "major" : "critical",
    category: "communication",
    kind: "raised",
    component: HOST_COMPONENT,
    condition: UNREACHABLE_CONDITION,
    summary: `${name} is unreachable: ${means === "ping" ? "it does not answer ping" : cause}`,
    details: [
      { name: "address", value: address },
      { name: "ping", value: ping },
      ...(means === "ping" ? [] : [{ name: means, value: reason }]),
      { name: LAST_SIGN_DETAIL, value: lastSeenAtMs === null ? "never" : new Date(lastSeenAtMs).toISOString() },
    ],
  };
}
