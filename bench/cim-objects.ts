import { createAgentObjectManager } from "../src/agent/cim/create-agent-object-manager.ts";
import { createHostSystem } from "../src/agent/providers/host-system.ts";
import { systemClock } from "../src/runtime/clock.ts";

// What the object manager needs to tell this machine, without a wire: each class cold (first question of a fresh manager)
// and warm (median of many), and a thousand processes. Linux only.

const TURNS = 15;
const PROCESSES = 1_000;
const signal = new AbortController().signal;
const CLASSES = [
  ...["CIM_OperatingSystem", "CIM_Processor", "CIM_FileSystem", "CIM_DiskDrive", "CIM_EthernetPortStatistics"],
  ...["CIM_NumericSensor", "CIM_SoftwareIdentity", "CIM_UnixProcess", "Win32_OperatingSystem"],
];

/** This machine, but every one of a thousand processes reads the files of this one: as many real reads as it takes. */
function crowded() {
  const system = createHostSystem();
  const own = (path: string) => path.replace(/^\/proc\/\d+\//, "/proc/self/");
  return {
    ...system,
    read: (path: string) => system.read(own(path)),
    list: async (path: string) =>
      path === "/proc" ? Array.from({ length: PROCESSES }, (_, at) => String(at + 1)) : system.list(path),
  };
}

const create = (system = createHostSystem()) =>
  createAgentObjectManager({ clock: systemClock, agentVersion: "0.0.0", system });

async function ask(manager: ReturnType<typeof create>, className: string) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let count = 0;
  for await (const _ of manager.enumerateInstances({ namespace: "root/cimv2", className, signal })) count += 1;
  const { user, system } = process.cpuUsage(cpu);
  return { count, ms: performance.now() - start, cpuMs: (user + system) / 1000 };
}

export interface ObjectsRow {
  readonly title: string;
  readonly instances: number;
  readonly coldMs: number;
  readonly warmMs: number;
  readonly warmCpuMs: number;
}

async function row(title: string, make: () => ReturnType<typeof create>, className: string): Promise<ObjectsRow> {
  const manager = make();
  const cold = await ask(manager, className);
  const turns: Awaited<ReturnType<typeof ask>>[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) turns.push(await ask(manager, className));
  const median = (of: "ms" | "cpuMs") =>
    turns.map((each) => each[of]).sort((a, b) => a - b)[Math.floor(TURNS / 2)] ?? 0;
  return { title, instances: cold.count, coldMs: cold.ms, warmMs: median("ms"), warmCpuMs: median("cpuMs") };
}

export async function measureObjects(): Promise<ObjectsRow[]> {
  const rows: ObjectsRow[] = [];
  for (const className of CLASSES) rows.push(await row(className, create, className));
  rows.push(await row(`CIM_UnixProcess of ${PROCESSES}`, () => create(crowded()), "CIM_UnixProcess"));
  rows.push(await row(`Win32_Process of ${PROCESSES}`, () => create(crowded()), "Win32_Process"));
  return rows;
}
