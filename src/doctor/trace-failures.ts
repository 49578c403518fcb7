import { isLoopback } from "./address-text.ts";
import { FAMILIES } from "./evidence.ts";
import { lastAttempts } from "./judge.ts";
import type { Trace } from "./probes/trace.ts";
import type { Trial } from "./trial.ts";

/** Refused, or silent: what a hop can do. */
const CODES = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "ETIMEDOUT"]);
/** Flows of one family that are traced: more fail for the same reason. */
const TRACED_MAX = 8;

/** Looks for the hop at which connections that the near end begins fail: one port of each flow. */
export async function traceFailures(trials: readonly Trial[], trace: Trace): Promise<void> {
  const outgoing = trials.filter(({ subject }) => subject.transport === "tcp" && subject.initiator === "near");
  await Promise.all(
    FAMILIES.map(async (family) => {
      const inFamily = outgoing.filter(({ subject, address }) => subject.family === family && !isLoopback(address));
      const failed = inFamily.flatMap((trial) => {
        const attempt = lastAttempts(trial.attempts).find(({ code }) => CODES.has(code));
        return attempt === undefined ? [] : [{ trial, port: attempt.port }];
      });
      const [first] = failed;
      if (first === undefined) return;
      const { address } = first.trial;
      const traced = failed.filter(({ trial }) => trial.address === address).slice(0, TRACED_MAX);
      const proven = inFamily
        .filter((trial) => trial.address === address)
        .flatMap(({ attempts }) => lastAttempts(attempts))
        .find(({ code, proof }) => code === "" && proof === "ours");
      const order = { address, ports: traced.map(({ port }) => port), hostPort: proven?.port ?? null };
      const seen = await trace(order);
      for (const { trial, port } of traced) trial.hops = seen.find((each) => each.port === port) ?? null;
    }),
  );
}
