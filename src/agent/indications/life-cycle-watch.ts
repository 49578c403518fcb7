import { CimDateTime } from "../../cim/cim-date-time.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { createInstance } from "../../cim/instance-of-class.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { CIMV2 } from "../../cim/provider.ts";
import { CIM_InstCreation, CIM_InstDeletion, CIM_InstModification } from "../../cim/schema/indication.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import { INDICATION_LIMITS } from "./limits.ts";

// Instances that come, change and go, as CIM_InstCreation, CIM_InstModification and CIM_InstDeletion: found by comparing
// two looks, and only while somebody has asked to be told.

export interface WatchedClass {
  readonly className: string;
  /** Properties whose change is told; none where only coming and going matter, and never a counter. */
  readonly properties: readonly string[];
}

export const WATCHED_CLASSES: readonly WatchedClass[] = [
  {
    className: "CIM_Service",
    properties: ["Started", "StartMode", "EnabledState", "OperationalStatus", "HealthState"],
  },
  { className: "CIM_FileSystem", properties: ["FileSystemType", "ReadOnly", "OperationalStatus", "HealthState"] },
  { className: "CIM_Process", properties: [] },
];

export interface LifeCycleNeeds {
  readonly manager: Pick<ObjectManager, "enumerateInstances">;
  readonly isWanted: () => boolean;
  readonly emit: (indications: readonly CimInstance[]) => void;
  readonly hostName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly classes?: readonly WatchedClass[];
}

export function createLifeCycleWatch(needs: LifeCycleNeeds): Service {
  const { manager, isWanted, emit, hostName, clock, random, log, classes = WATCHED_CLASSES } = needs;
  /** What the last look found, by class; nothing before the first one after somebody asked. */
  const before = new Map<string, ReadonlyMap<string, CimInstance>>();
  let stop = () => {};
  let abort = new AbortController();

  async function look(): Promise<void> {
    if (!isWanted()) {
      before.clear();
      return;
    }
    for (const watched of classes) {
      try {
        compare(watched, await read(watched));
      } catch (error) {
        // What could not be read has not gone: the next look compares with what was there.
        if (!abort.signal.aborted) log.debug({ class: watched.className, reason: reasonOf(error) }, "not compared");
      }
    }
  }

  async function read({ className }: WatchedClass): Promise<Map<string, CimInstance>> {
    const found = new Map<string, CimInstance>();
    for await (const instance of manager.enumerateInstances({ namespace: CIMV2, className, signal: abort.signal })) {
      found.set(instance.path?.identity ?? "", instance);
      if (found.size >= INDICATION_LIMITS.lifeCycleInstances) break;
    }
    return found;
  }

  function compare({ className, properties }: WatchedClass, now: Map<string, CimInstance>): void {
    const then = before.get(className);
    before.set(className, now);
    if (then === undefined) return;
    const changes: CimInstance[] = [];
    for (const [identity, instance] of now) {
      const old = then.get(identity);
      if (old === undefined) changes.push(createInstance(CIM_InstCreation, common(instance)));
      else if (isChanged(old, instance, properties))
        changes.push(
          createInstance(CIM_InstModification, { ...common(instance), PreviousInstance: old.withPath(null) }),
        );
    }
    for (const [identity, old] of then)
      if (!now.has(identity)) changes.push(createInstance(CIM_InstDeletion, common(old)));
    if (changes.length > 0) emit(changes);
  }

  const common = (instance: CimInstance) => ({
    IndicationIdentifier: `Rusuban:${createUuid({ clock, random })}`,
    IndicationTime: CimDateTime.at(clock.now()),
    SourceInstance: instance.withPath(null),
    SourceInstanceModelPath: String(instance.path ?? ""),
    SourceInstanceHost: hostName,
  });

  return {
    name: "life cycle of instances",
    async start() {
      abort = new AbortController();
      stop = every(clock, INDICATION_LIMITS.lifeCycleIntervalMs, look);
    },
    async stop() {
      stop();
      abort.abort();
    },
  };
}

function isChanged(old: CimInstance, now: CimInstance, properties: readonly string[]): boolean {
  return properties.some((name) => String(old.get(name) ?? "") !== String(now.get(name) ?? ""));
}
