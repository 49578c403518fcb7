import { expect, it } from "vitest";
import {
  REPORTER_EVENTS,
  REPORTER_STATES,
  REPORTER_TRANSITIONS,
  type ReporterEvent,
  type ReporterState,
} from "./reporter.ts";

it("goes round from attempt to attempt, and stops from everywhere", () => {
  const way: Partial<Record<`${ReporterState} ${ReporterEvent}`, ReporterState>> = {
    "idle start": "connecting",
    "connecting connected": "greeting",
    "connecting failed": "waiting",
    "greeting welcomed": "telling",
    "greeting failed": "waiting",
    "telling failed": "waiting",
    "waiting due": "connecting",
  };
  for (const state of REPORTER_STATES) {
    for (const event of REPORTER_EVENTS) {
      const elsewhere = state === "stopped" ? "ignored" : event === "stop" ? "stopped" : "impossible";
      expect([state, event, REPORTER_TRANSITIONS[state][event]]).toEqual([
        state,
        event,
        way[`${state} ${event}`] ?? elsewhere,
      ]);
    }
  }
});
