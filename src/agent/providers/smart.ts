import type { HostSystem } from "./host-system.ts";

/** What a drive says of its own health, by smartctl(8). */
export interface SmartHealth {
  /** Null when the drive does not say. */
  readonly passed: boolean | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
  readonly celsius: number | null;
  readonly powerOnHours: number | null;
  /** Sectors that the drive has replaced, and that it could not read and would like to replace. */
  readonly reallocated: number | null;
  readonly pending: number | null;
  /** NVMe: how much of its life is used, as a ratio that may go beyond 1. */
  readonly wear: number | null;
}

/** A drive that sleeps is not woken for it; one that is busy answers late. */
export const SMART_TIMEOUT_MS = 15_000;
const PROGRAM = "/usr/sbin/smartctl";

/** Null where smartctl is not installed, the drive sleeps, or tells nothing. */
export async function readSmart(system: HostSystem, name: string, signal: AbortSignal): Promise<SmartHealth | null> {
  if (!(await system.exists(PROGRAM))) return null;
  const args = ["--nocheck=standby", "--json", "--info", "--health", "--attributes", `/dev/${name}`];
  // Its exit code is a set of findings, most of them no failure (smartctl(8), "EXIT STATUS").
  return parseSmart(await system.run(PROGRAM, args, signal, { anyExit: true }));
}

type Json = Readonly<Record<string, unknown>>;

export function parseSmart(output: string): SmartHealth | null {
  let all: Json;
  try {
    all = JSON.parse(output) as Json;
  } catch {
    return null;
  }
  const nvme = object(all.nvme_smart_health_information_log);
  const passed = object(all.smart_status).passed;
  const health: SmartHealth = {
    passed: typeof passed === "boolean" ? passed : null,
    model: text(all.model_name),
    serial: text(all.serial_number),
    firmware: text(all.firmware_version),
    celsius: number(object(all.temperature).current),
    powerOnHours: number(object(all.power_on_time).hours),
    reallocated: attribute(all, 5),
    pending: attribute(all, 197),
    wear: ratio(number(nvme.percentage_used)),
  };
  return Object.values(health).every((value) => value === null) ? null : health;
}

function attribute(all: Json, id: number): number | null {
  const { table } = object(all.ata_smart_attributes);
  const found = Array.isArray(table) ? table.map(object).find((row) => row.id === id) : undefined;
  return number(object(found?.raw).value);
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Every number that is read here is a whole one. */
function number(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

function ratio(percent: number | null): number | null {
  return percent === null ? null : percent / 100;
}
