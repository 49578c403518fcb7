import { CimDateTime } from "../../cim/cim-date-time.ts";
import type { InstanceOf } from "../../cim/class-declaration.ts";
import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_OSProcess, CIM_UnixProcess } from "../../cim/schema/system.ts";
import { type ProcessFacts, readProcess, readProcesses } from "../providers/process-table.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import { enabled, health } from "./status.ts";

/** ExecutionState by the kernel's letter: running, blocked, stopped, terminated; 1 is Other. */
const STATES: Readonly<Record<string, number>> = { R: 3, S: 4, D: 4, I: 4, T: 8, t: 8, Z: 7, X: 7 };
/** Several thousand processes at three small files each. */
const PROCESSES_TIMEOUT_MS = 15_000;

export function createProcessProviders({ names, system, bootedMs, platform }: CimHost): ClassProvider[] {
  const osName = String(names.operatingSystem.key("Name"));
  function shape(process: ProcessFacts, booted: number): InstanceOf<typeof CIM_UnixProcess> {
    const [program, ...parameters] = process.command;
    return {
      ...names.csKeys,
      OSCreationClassName: names.operatingSystem.className,
      OSName: osName,
      CreationClassName: CIM_UnixProcess.name,
      Handle: String(process.pid),
      Name: process.name,
      ElementName: process.name,
      Caption: process.name.slice(0, 64),
      ModulePath: program ?? null,
      Parameters: process.command.length === 0 ? null : parameters,
      ParentProcessID: String(process.parent),
      ProcessGroupID: BigInt(process.group),
      ProcessSessionID: BigInt(process.session),
      ProcessTTY: process.terminal === 0 ? null : `${(process.terminal >> 8) & 0xfff}:${process.terminal & 0xff}`,
      RealUserID: process.user === null ? null : BigInt(process.user),
      // The schema has no sign here; the kernel's nice goes from -20 to 19.
      ProcessNiceValue: process.nice + 20,
      // Real-time processes have negative ones.
      Priority: process.priority >= 0 ? process.priority : null,
      ExecutionState: STATES[process.state] ?? 1,
      CreationDate: CimDateTime.at(booted + process.startedMs),
      KernelModeTime: BigInt(process.kernelMs),
      UserModeTime: BigInt(process.userMs),
      WorkingSetSize: process.residentBytes === null ? null : BigInt(process.residentBytes),
      ...(process.state === "Z" ? health("stopped", "it has ended, and its parent has not asked how") : health("ok")),
      ...enabled("enabled"),
    };
  }
  const processes = provide(CIM_UnixProcess, {
    timeoutMs: PROCESSES_TIMEOUT_MS,
    async *instances({ signal }) {
      if (platform !== "linux") return;
      const booted = bootedMs();
      for await (const batch of readProcesses(system, signal)) yield batch.map((process) => shape(process, booted));
    },
    async instance(path) {
      const handle = String(path.key("Handle"));
      if (platform !== "linux" || !/^\d{1,9}$/.test(handle)) return null;
      const { CSName, CSCreationClassName } = names.csKeys;
      const here = path.key("CSName") === CSName && path.key("CSCreationClassName") === CSCreationClassName;
      const itsOs =
        path.key("OSName") === osName && path.key("OSCreationClassName") === names.operatingSystem.className;
      const process = here && itsOs ? await readProcess(system, Number(handle)) : null;
      return process === null ? null : shape(process, bootedMs());
    },
  });
  return [
    processes,
    membership(CIM_OSProcess, {
      whole: names.operatingSystem,
      wholeRole: "GroupComponent",
      part: processes,
      partRole: "PartComponent",
    }),
  ];
}
