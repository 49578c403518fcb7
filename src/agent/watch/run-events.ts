import type { Telling } from "../../judging/judge.ts";
import { formatDuration } from "../../model/quantity.ts";

/** What a run of the agent leaves for the next. */
export interface RunRecord {
  readonly startedAtMs: number;
  /** Of the kernel's run; null where the system tells none. */
  readonly bootId: string | null;
  /** Null while it runs; so it stays after a crash. */
  readonly stoppedAtMs: number | null;
}

export interface Beginning {
  readonly nowMs: number;
  readonly bootId: string | null;
  /** Null at the first start on this computer. */
  readonly previous: RunRecord | null;
  /** The last moment at which the previous run was known to live. */
  readonly aliveAtMs: number | null;
}

/** "Agent started", with how the last run ended and for how long nobody watched. */
export function startedEvent({ nowMs, bootId, previous, aliveAtMs }: Beginning): Telling {
  const event = (severity: Telling["severity"], summary: string, details: Telling["details"]): Telling => ({
    kind: "event",
    condition: "agent.started",
    component: "agent",
    category: "software",
    severity,
    raisedAtMs: nowMs,
    summary,
    details,
  });
  if (previous === null) return event("information", "agent started for the first time on this computer", []);

  const clean = previous.stoppedAtMs !== null;
  const rebooted = bootId !== null && previous.bootId !== null && bootId !== previous.bootId;
  const leftAtMs = previous.stoppedAtMs ?? aliveAtMs ?? previous.startedAtMs;
  const away =
    nowMs >= leftAtMs
      ? `${clean ? "" : "about "}${formatDuration(nowMs - leftAtMs)}`
      : "an unknown time (the clock was set back)";
  const details = [
    { name: "last stop", value: clean ? "clean" : "not clean" },
    {
      name: "computer restarted",
      value: bootId === null || previous.bootId === null ? "unknown" : rebooted ? "yes" : "no",
    },
    { name: "away for", value: away },
    { name: clean ? "stopped at" : "last alive at", value: moment(leftAtMs) },
  ];
  if (clean) {
    const why = rebooted ? "the computer restarted" : "a clean stop";
    return event("information", `agent started after ${why}; nobody watched for ${away}`, details);
  }
  const why = rebooted
    ? "the computer restarted without stopping it (power loss, crash or reset)"
    : "it was killed or crashed";
  return event("warning", `agent started after ${why}; nobody watched for ${away}`, details);
}

export function stoppingEvent({
  nowMs,
  startedAtMs,
}: {
  readonly nowMs: number;
  readonly startedAtMs: number;
}): Telling {
  const ran = nowMs >= startedAtMs ? formatDuration(nowMs - startedAtMs) : "an unknown time (the clock was set back)";
  return {
    kind: "event",
    condition: "agent.stopping",
    component: "agent",
    category: "software",
    severity: "information",
    raisedAtMs: nowMs,
    summary: "agent is stopping: nobody watches this computer until it starts again",
    details: [{ name: "ran for", value: ran }],
  };
}

/** What was remembered could not be read: what had been told before may stay open. */
export function memoryLostEvent({ nowMs, reason }: { readonly nowMs: number; readonly reason: string }): Telling {
  return {
    kind: "event",
    condition: "agent.memory-lost",
    component: "agent",
    category: "software",
    severity: "warning",
    raisedAtMs: nowMs,
    summary: "agent could not read what it had told before: conditions that ended meanwhile must be closed by hand",
    details: [{ name: "reason", value: reason }],
  };
}

function moment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "unknown" : date.toISOString();
}
