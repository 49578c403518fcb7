import { reading, unknownReading } from "../../model/create-reading.ts";
import { formatBytes, formatPercent } from "../../model/quantity.ts";
import type { Reading } from "../../model/reading.ts";
import type { Clock } from "../../runtime/clock.ts";
import {
  createFileSystemSurvey,
  FILE_SYSTEMS_MAX,
  type FileSystemAnswer,
  type FileSystemSurvey,
} from "./file-system-survey.ts";
import type { FileSystemFigures, HostSystem } from "./host-system.ts";
import type { WatchedMount } from "./mount-table.ts";
import type { Provider } from "./provider.ts";
import { visibleName } from "./visible-name.ts";

/**
 * Readings for each file system: `used` and `inodes-used` (ratio), `free` (bytes), `answering` and `writable` (1 or 0).
 */
export function createFileSystemProvider({
  system,
  clock,
  survey = createFileSystemSurvey({ system, clock }),
}: {
  readonly system: HostSystem;
  readonly clock: Clock;
  /** Where others ask, too. */
  readonly survey?: FileSystemSurvey;
}): Provider {
  return {
    name: "file systems",
    async read(signal) {
      const { answers, leftOut } = await survey.read(signal);
      const readings = [...answers].flatMap(([mount, answer]) => readingsOf(mount, answer));
      if (leftOut > 0)
        readings.push(
          unknownReading("file systems", "left out", {
            unit: "count",
            reason: `${leftOut} of ${answers.size + leftOut} file systems are beyond the ${FILE_SYSTEMS_MAX} that are looked at`,
          }),
        );
      return readings;
    },
  };
}

function readingsOf(mount: WatchedMount, answer: FileSystemAnswer): Reading[] {
  const component = `file system ${visibleName(mount.mountPoint)}`;
  const writable = reading(component, "writable", {
    value: mount.writable ? 1 : 0,
    unit: "none",
    summary: mount.writable ? "writable" : "read-only: the kernel has stopped writing to it, mostly after disk errors",
  });
  if ("figures" in answer) {
    const answering = reading(component, "answering", { value: 1, unit: "none", summary: "answers" });
    return [...spaceReadings(component, answer.figures), answering, writable];
  }
  const reason = Object.values(answer)[0] ?? "no answer";
  const used = unknownReading(component, "used", { unit: "ratio", reason });
  if (!("hangs" in answer)) return [used, writable];
  return [used, reading(component, "answering", { value: 0, unit: "none", summary: reason }), writable];
}

function spaceReadings(component: string, figures: FileSystemFigures): Reading[] {
  const used = figures.blocks - figures.blocksFree;
  // As df(1) counts: what is reserved for root belongs to neither side.
  const usable = used + figures.blocksAvailable;
  if (!(usable > 0)) return [];
  const free = figures.blocksAvailable * figures.blockBytes;
  const room = `${formatBytes(free)} of ${formatBytes(usable * figures.blockBytes)} free`;
  const readings = [
    reading(component, "used", {
      value: used / usable,
      unit: "ratio",
      summary: `${formatPercent(used / usable)} full: ${room}`,
    }),
    reading(component, "free", { value: free, unit: "bytes", summary: room }),
  ];
  if (figures.inodes > 0) {
    const ratio = 1 - figures.inodesFree / figures.inodes;
    readings.push(
      reading(component, "inodes-used", {
        value: ratio,
        unit: "ratio",
        summary: `${formatPercent(ratio)} of its inodes used: ${figures.inodesFree} of ${figures.inodes} left for new files`,
      }),
    );
  }
  return readings;
}
