import { reading, unknownReading } from "../../../model/create-reading.ts";
import { formatBytes, formatDuration, formatPercent } from "../../../model/quantity.ts";
import type { Reading } from "../../../model/reading.ts";

// Figures that a server told, by whatever means, as readings. The same names of components and measures as our own
// agent's, so that graphs and thresholds fit all servers.

interface Room {
  readonly sizeBytes: number | null;
  readonly freeBytes: number | null;
}

export function memoryReadings({ sizeBytes, freeBytes }: Room): Reading[] {
  if (sizeBytes === null || freeBytes === null || sizeBytes <= 0 || freeBytes < 0 || freeBytes > sizeBytes) {
    return [unknownReading("memory", "used", { unit: "ratio", reason: "the server tells no size of its memory" })];
  }
  const room = `${formatBytes(freeBytes)} of ${formatBytes(sizeBytes)} available`;
  const used = 1 - freeBytes / sizeBytes;
  return [
    reading("memory", "used", { value: used, unit: "ratio", summary: `${formatPercent(used)} used: ${room}` }),
    reading("memory", "available", { value: freeBytes, unit: "bytes", summary: room }),
  ];
}

export function spaceReadings(name: string, { sizeBytes, freeBytes }: Room): Reading[] {
  const component = `file system ${name}`;
  if (sizeBytes === 0) return []; // An empty drive, or a file system of the kernel's own.
  if (sizeBytes === null || freeBytes === null || sizeBytes < 0 || freeBytes < 0 || freeBytes > sizeBytes) {
    return [unknownReading(component, "used", { unit: "ratio", reason: "the server tells no size of it" })];
  }
  const room = `${formatBytes(freeBytes)} of ${formatBytes(sizeBytes)} free`;
  const used = 1 - freeBytes / sizeBytes;
  return [
    reading(component, "used", { value: used, unit: "ratio", summary: `${formatPercent(used)} full: ${room}` }),
    reading(component, "free", { value: freeBytes, unit: "bytes", summary: room }),
  ];
}

/** All processors together: the average of those that tell, each from 0 to 100. */
export function processorReadings(percents: readonly number[]): Reading[] {
  const told = percents.filter((percent) => percent >= 0 && percent <= 100);
  if (told.length === 0) return [];
  const busy = told.reduce((sum, percent) => sum + percent, 0) / told.length / 100;
  return [reading("processor", "busy", { value: busy, unit: "ratio", summary: `${formatPercent(busy)} busy` })];
}

export function uptimeReadings(uptimeMs: number | null): Reading[] {
  if (uptimeMs === null || uptimeMs < 0) return [];
  const summary = `up for ${formatDuration(uptimeMs)}`;
  return [reading("host", "uptime", { value: uptimeMs / 1_000, unit: "seconds", summary })];
}
