import { reading, unknownReading } from "../../model/create-reading.ts";
import { count } from "../../model/quantity.ts";
import type { Reading } from "../../model/reading.ts";
import { reasonOf, SettingsError } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import { createProcessFinder } from "./process-finder.ts";
import type { Provider } from "./provider.ts";

export const SERVICES_MAX = 64;
/** Names of units (systemd.unit(5)) and of programs; nothing that systemctl would take for an option or a pattern. */
const SERVICE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]{0,199}$/;
const PROPERTIES = "Id,LoadState,ActiveState,SubState,Result";

/**
 * `service NAME running` (1 or 0) for each named service: by systemd where it is in charge, otherwise by the names of
 * processes, and the summary says which. Throws SettingsError for a name that cannot be one.
 */
export function createServicesProvider({
  system,
  services,
}: {
  system: HostSystem;
  services: readonly string[];
}): Provider {
  const names = [...new Set(services)];
  for (const name of names)
    if (!SERVICE_NAME.test(name))
      throw new SettingsError("watch.services", `${JSON.stringify(name)} is not the name of a service, such as sshd`);
  if (names.length > SERVICES_MAX)
    throw new SettingsError("watch.services", `${names.length} services, at most ${SERVICES_MAX} can be watched`);
  const finder = createProcessFinder(system);

  return {
    name: "services",
    async read(signal) {
      if (names.length === 0) return [];
      try {
        // sd_booted(3): the folder is there only where systemd is the first process.
        if (!(await system.exists("/run/systemd/system")))
          return byProcess(names, await finder.find(names.map(programOf)));
        const args = ["show", `--property=${PROPERTIES}`, "--", ...names.map(unitOf)];
        return unitReadings(names, await system.run("systemctl", args, signal));
      } catch (error) {
        return names.map((name) => unknown(name, reasonOf(error)));
      }
    },
  };
}

/** The unit that a service's name means. */
export function unitOf(name: string): string {
  return /\.(service|socket|timer|mount|target|path|slice|scope)$/.test(name) ? name : `${name}.service`;
}

/** The program that a service's name means, where there are no units. */
export function programOf(name: string): string {
  return name.replace(/\.service$/, "").replace(/@.*$/, "");
}

/** systemctl answers in the order it was asked, an empty line between units; another number of answers is no answer. */
export function unitReadings(names: readonly string[], output: string): Reading[] {
  const blocks = parseUnitBlocks(output);
  if (blocks.length !== names.length)
    return names.map((name) => unknown(name, `systemctl told ${blocks.length} of ${names.length} units`));
  return names.map((name, index) => unitReading(name, blocks[index] ?? new Map()));
}

/** What `systemctl show` writes: `Name=value` a line, an empty line between units. */
export function parseUnitBlocks(output: string): ReadonlyMap<string, string>[] {
  return output
    .trim()
    .split(/\n\n+/)
    .map((block) => new Map(block.split("\n").map((line) => keyAndValue(line))));
}

function keyAndValue(line: string): [string, string] {
  const at = line.indexOf("=");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

function unitReading(name: string, unit: ReadonlyMap<string, string>): Reading {
  const active = unit.get("ActiveState");
  const load = unit.get("LoadState");
  if (!active || !load) return unknown(name, "systemctl told no state");
  if (load !== "loaded") {
    const why = load === "not-found" ? "not installed: systemd knows no such unit" : `not usable: its unit is ${load}`;
    return running(name, false, why);
  }
  const sub = unit.get("SubState") ?? "";
  // `activating` and `deactivating` are not running: one that restarts for ever is never anything else.
  if (active === "active" || active === "reloading" || active === "refreshing")
    return running(name, true, `running (${sub})`);
  const result = unit.get("Result") ?? "success";
  return running(name, false, `${active} (${sub}${result === "success" || result === "" ? "" : `, ${result}`})`);
}

function byProcess(names: readonly string[], found: ReadonlyMap<string, number>): Reading[] {
  return names.map((name) => {
    const processes = found.get(programOf(name)) ?? 0;
    const what = processes === 0 ? "no process" : `at least ${count(processes, "process", "processes")}`;
    return running(name, processes > 0, `${what} of this name (no systemd here: judged by the names of processes)`);
  });
}

function running(name: string, isRunning: boolean, summary: string): Reading {
  return reading(`service ${name}`, "running", { value: isRunning ? 1 : 0, unit: "none", summary });
}

function unknown(name: string, reason: string): Reading {
  return unknownReading(`service ${name}`, "running", { unit: "none", reason });
}
