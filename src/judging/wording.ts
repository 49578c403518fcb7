import { formatDuration } from "../model/quantity.ts";
import type { Condition, Level } from "./rule.ts";

// The sentences that people are woken by: what, how bad, how much is left; at the end, for how long it was so.

interface Words {
  /** What is said of the component when it is bad; `summary` is the reading's. */
  readonly raised: (name: string, summary: string) => string;
  /** When it is well again. */
  readonly cleared: (name: string) => string;
}

const WORDS: Record<Condition, Words> = {
  "filesystem.filling": {
    raised: (name, summary) => `${name} is ${summary}`,
    cleared: (name) => `${name} has room again`,
  },
  "filesystem.inodes": {
    raised: (name, summary) => `${name} is ${summary}`,
    cleared: (name) => `${name} has inodes again`,
  },
  "filesystem.not-answering": {
    raised: (name, summary) => `${name} does not answer: ${summary}`,
    cleared: (name) => `${name} answers again`,
  },
  "filesystem.read-only": {
    raised: (name, summary) => `${name} is ${summary}`,
    cleared: (name) => `${name} is writable again`,
  },
  "memory.short": {
    raised: (_, summary) => `memory is ${summary}`,
    cleared: () => "memory is enough again",
  },
  "load.high": {
    raised: (_, summary) => `load is high: ${summary}`,
    cleared: () => "load is normal again",
  },
  "processor.busy": {
    raised: (_, summary) => `processors are ${summary}`,
    cleared: () => "processors have time again",
  },
  "service.down": {
    raised: (name, summary) => `service ${name} is down: ${summary}`,
    cleared: (name) => `service ${name} runs again`,
  },
  "hardware.failing": {
    raised: (name, summary) => `${name} is ${summary}`,
    cleared: (name) => `${name} is well again`,
  },
  "sensor.alarming": {
    raised: (name, summary) => `${name} is at ${summary}, and the server says that this is bad`,
    cleared: (name) => `${name} is well again`,
  },
};

export interface Said {
  readonly say: "raise" | "clear";
  readonly condition: Condition;
  readonly component: string;
  /** The reading's words; null when there is no reading, since the component is gone or not watched any more. */
  readonly summary: string | null;
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly from: Level;
  readonly level: Level;
  readonly worst: Level;
}

/** The alert's one sentence and its facts in reading order. */
export function sentence(said: Said): { text: string; details: { name: string; value: string }[] } {
  const { say, condition, summary, sinceMs, nowMs, from, level, worst } = said;
  const name = said.component.replace(/^(file system|service) /, "");
  const lasted = nowMs >= sinceMs ? formatDuration(nowMs - sinceMs) : "an unknown time (the clock was set back)";
  const details: { name: string; value: string }[] = [{ name: "level", value: level }];
  if (say === "raise") {
    if (from !== "ok") details.push({ name: "before", value: from }, { name: "lasting for", value: lasted });
    if (summary !== null) details.push({ name: "reading", value: summary });
    const change = from === "critical" ? "better, but not well: " : "";
    return { text: `${change}${WORDS[condition].raised(name, summary ?? "bad")}`, details };
  }
  details.push({ name: "worst", value: worst }, { name: "lasted", value: lasted });
  details.push({ name: "duration", value: `${Math.max(0, Math.round((nowMs - sinceMs) / 1000))} s` });
  if (summary === null)
    return {
      text: `${said.component} is no longer there or no longer watched; it was in this state for ${lasted}`,
      details,
    };
  details.push({ name: "reading", value: summary });
  return { text: `${WORDS[condition].cleared(name)} after ${lasted}: ${summary}`, details };
}
