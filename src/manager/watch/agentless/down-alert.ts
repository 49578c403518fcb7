import type { Alert } from "../../../model/alert.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import { createUnreachableAlert } from "../reachability.ts";
import type { Target } from "./target.ts";

/** The same condition as of a host with an agent: it ends in the same way, with the length of the outage. */
export function createDownAlert(
  { name, address, means }: Pick<Target, "name" | "address" | "means">,
  {
    ping,
    reason,
    lastSeenAtMs,
  }: { readonly ping: string; readonly reason: string; readonly lastSeenAtMs: number | null },
  needs: { readonly clock: Clock; readonly random: Random },
): Alert {
  const cause =
    ping === "answers"
      ? `the machine answers ping, but cannot be looked at by ${means}: ${reason}`
      : `it answers neither ping nor ${means}`;
  return createUnreachableAlert(
    { name, address, lastSeenAtMs },
    {
      severity: ping === "answers" ? "major" : "critical",
      cause: means === "ping" ? "it does not answer ping" : cause,
      ping,
      asked: means === "ping" ? [] : [{ name: means, value: reason }],
    },
    needs,
  );
}
