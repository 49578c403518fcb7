import type { HostThresholds, Levels, ThresholdSet } from "../model/thresholds.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Condition, Rule } from "./rule.ts";

/** Below `recovery` it is over; left out: 95 % of the warning (of the critical where there is no warning). */
export interface Thresholds extends Levels {
  readonly recovery?: number;
}

/** What is judged, and from where on it is bad. */
export interface RuleSettings extends Readonly<Record<keyof ThresholdSet, Thresholds>> {
  /** How often a host is looked at: how long something must last becomes a number of looks by it. */
  readonly intervalMs: number;
  /** By the name of the file system, where one differs: an archive that may be full has both levels null. */
  readonly fileSystems: Readonly<Record<string, Thresholds>>;
}

export const RULE_DEFAULTS: RuleSettings = {
  intervalMs: 10_000,
  fileSystem: { warning: 0.85, critical: 0.95 },
  fileSystems: {},
  memory: { warning: 0.9, critical: 0.97 },
  load: { warning: 4, critical: 12 },
  // A processor that works is not a fault: the load says when there is too much of it.
  processor: { warning: null, critical: null },
};

/** The rules that follow from settings. Throws SettingsError naming the setting whose levels contradict each other. */
export function rulesFrom(settings: RuleSettings): readonly Rule[] {
  const { fileSystem, fileSystems, memory, load, processor, intervalMs } = settings;
  // A brief peak is no alert; half a minute is, whatever the interval.
  const looks = looksWithin(30_000, intervalMs);
  const spaceRules = (component: string, key: string, thresholds: Thresholds): Rule[] => {
    const common = { category: "service", component, looks: 2, ...levels(key, thresholds) } as const;
    return [
      { ...common, condition: "filesystem.filling", measure: "used" },
      { ...common, condition: "filesystem.inodes", measure: "inodes-used" },
    ];
  };
  return [
    ...spaceRules("file system *", "watch.filesystem", fileSystem),
    ...Object.entries(fileSystems).flatMap(([mountPoint, thresholds]) =>
      spaceRules(`file system ${mountPoint}`, `watch.filesystems.${mountPoint}`, thresholds),
    ),
    {
      ...mustBeOne("filesystem.not-answering", "file system *", "answering"),
      category: "hardware",
      looks,
    },
    { ...mustBeOne("filesystem.read-only", "file system *", "writable"), category: "hardware", looks: 1 },
    {
      condition: "memory.short",
      category: "service",
      component: "memory",
      measure: "used",
      looks,
      ...levels("watch.memory", memory),
    },
    {
      condition: "load.high",
      category: "service",
      component: "load",
      measure: "load5",
      looks,
      ...levels("watch.load", load),
    },
    {
      condition: "processor.busy",
      category: "service",
      component: "processor",
      measure: "busy",
      looks: looksWithin(300_000, intervalMs),
      ...levels("watch.processor", processor),
    },
    // Two looks: a restart takes a moment and is nobody's business.
    { ...mustBeOne("service.down", "service *", "running"), category: "software", looks: 2 },
  ];
}

/** What a server that judges its own hardware says of it. */
export const SAID_RULES: readonly Rule[] = [
  { ...asSaid("hardware.failing", "healthy"), category: "hardware" },
  { ...asSaid("sensor.alarming", "reading"), category: "environment" },
];

/** Two looks: a fan that starts, or a sensor that is read at a bad moment, is nobody's business. */
function asSaid(condition: Condition, measure: string) {
  return { condition, component: "*", measure, bad: "said", warning: 0, critical: 0, recovery: 0, looks: 2 } as const;
}

/** The settings with what differs for one host. */
export function withOwn(settings: RuleSettings, own: HostThresholds): RuleSettings {
  const { fileSystem, fileSystems, memory, load, processor } = own;
  return {
    intervalMs: settings.intervalMs,
    fileSystem: fileSystem ?? settings.fileSystem,
    fileSystems: { ...settings.fileSystems, ...fileSystems },
    memory: memory ?? settings.memory,
    load: load ?? settings.load,
    processor: processor ?? settings.processor,
  };
}

function looksWithin(spanMs: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(spanMs / intervalMs));
}

function mustBeOne(condition: Condition, component: string, measure: string) {
  return { condition, component, measure, bad: "low", warning: null, critical: 0, recovery: 1 } as const;
}

function levels(key: string, { warning, critical, recovery }: Thresholds) {
  const mildest = warning ?? critical ?? Number.POSITIVE_INFINITY;
  if (warning !== null && critical !== null && warning > critical)
    throw new SettingsError(`${key}.warning`, `${warning} is beyond ${key}.critical, which is ${critical}`);
  if (recovery !== undefined && recovery > mildest)
    throw new SettingsError(`${key}.recovery`, `${recovery} is beyond the mildest level, which is ${mildest}`);
  return { bad: "high", warning, critical, recovery: recovery ?? mildest * 0.95 } as const;
}
