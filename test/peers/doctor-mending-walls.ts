// What mends a cause is run where the doctor says, on a firewall that is there for real: the flow is open afterwards.

import { expect } from "vitest";
import type { DoctorEntry } from "../../src/doctor/report.ts";
import type { CausesLab } from "../fixtures/doctor/causes-lab.ts";
import type { Place } from "../namespaces.ts";

export type At = "manager" | "firewall" | "agent";
const PLACES: Readonly<Record<string, At>> = { "this-host": "manager", between: "firewall", "far-host": "agent" };

export interface Wall {
  readonly at: At;
  /** As the doctor's commands name the firewall that was built. */
  readonly kind: string;
  /** What it closes, and nothing besides. */
  readonly flows: readonly string[];
  /** The cause that every entry has to name, alone or among others. */
  readonly cause?: string;
}

/** Examines, runs the commands for this firewall as they stand, and examines again. */
export async function mend(lab: CausesLab, place: Place, { at, kind, flows, cause }: Wall): Promise<void> {
  await lab.examine();
  const closed = lab.entries().filter(({ state }) => state !== "open");
  expect([...new Set(closed.map(({ flow }) => flow))].toSorted(), said(closed)).toEqual([...flows].toSorted());
  if (cause !== undefined) for (const entry of closed) expect(entry.causes, said([entry])).toContain(cause);
  for (const entry of closed) {
    const here = entry.commands.filter(({ where, firewall }) => PLACES[where] === at && firewall !== "");
    // Between, nobody knows whose words are right; on a host, its own firewall was asked.
    if (at !== "firewall") expect([...new Set(here.map(({ firewall }) => firewall))], said([entry])).toEqual([kind]);
    const commands = here.filter(({ firewall }) => firewall === kind);
    expect(commands.length, said([entry])).toBeGreaterThan(0);
    for (const { command } of commands) await place.sh(command.en);
  }
  await lab.examine();
  const left = lab.entries().filter(({ state }) => state !== "open");
  expect(left, said(left)).toEqual([]);
}

function said(entries: readonly DoctorEntry[]): string {
  return entries
    .map(({ flow, family, causes, where, commands }) =>
      [`${flow} ${family}: ${causes} @${where}`, ...commands.map(({ command }) => `  ${command.en}`)].join("\n"),
    )
    .join("\n");
}
