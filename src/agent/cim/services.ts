import { CimError } from "../../cim/cim-error.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { type ClassProvider, type ProviderContext, provide } from "../../cim/provider.ts";
import { Rusuban_Service } from "../../cim/schema/rusuban.ts";
import { CIM_HostedService } from "../../cim/schema/service.ts";
import { createProcessFinder } from "../providers/process-finder.ts";
import { programOf, unitOf } from "../providers/services.ts";
import { isSystemdInCharge, type ServiceUnit } from "../providers/units.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

/** A service may need its time to come up or go down; systemd's own bound is 90 s. */
export const SERVICE_CONTROL_TIMEOUT_MS = 100_000;
/** Values of RequestStateChange: done, failed, invalid parameter. */
const [DONE, FAILED, INVALID] = [0, 4, 5];
const [ASK_ENABLED, ASK_DISABLED, ASK_RESET] = [2, 3, 11];
/** UnitFileState as the StartMode of CIM_Service; a static unit is started by others. */
const START_MODES: Readonly<Record<string, "Automatic" | "Manual">> = {
  ...{ enabled: "Automatic", "enabled-runtime": "Automatic", generated: "Automatic" },
  ...{
    disabled: "Manual",
    static: "Manual",
    indirect: "Manual",
    alias: "Manual",
    transient: "Manual",
    masked: "Manual",
  },
};

/** What of a service both CIM's and Windows' classes tell. */
export interface ServiceState {
  readonly name: string;
  readonly title: string;
  readonly running: boolean | null;
  readonly startMode: "Automatic" | "Manual" | null;
  readonly masked: boolean;
  readonly processId: number | null;
  readonly shape: ReturnType<typeof health> & ReturnType<typeof enabled>;
}

/** Units of systemd; where it is not in charge, the services that the agent watches, by the names of processes. */
export function createServiceReader({ system, services }: CimHost, sources: CimSources): () => Promise<ServiceState[]> {
  const finder = createProcessFinder(system);
  return async () => {
    const units = await sources.units();
    if (units !== null) return units.map(ofUnit);
    const found = await finder.find(services.watched.map(programOf));
    return services.watched.map((name) => {
      const running = (found.get(programOf(name)) ?? 0) > 0;
      const shape = running
        ? { ...health("ok", "judged by the names of processes"), ...enabled("enabled") }
        : { ...health("stopped", "no process of this name"), ...enabled("disabled") };
      return { name, title: name, running, startMode: null, masked: false, processId: null, shape };
    });
  };
}

function ofUnit(unit: ServiceUnit): ServiceState {
  const running = unit.active === "active" || unit.active === "reloading" || unit.active === "refreshing";
  return {
    name: unit.id,
    title: unit.description ?? unit.id,
    running,
    startMode: unit.startUp === null ? null : (START_MODES[unit.startUp] ?? null),
    masked: unit.load === "masked" || unit.startUp === "masked",
    processId: unit.mainPid,
    shape: shapeOf(unit),
  };
}

function shapeOf({ active, sub, result, load }: ServiceUnit): ServiceState["shape"] {
  const words = `${active} (${sub}${result === null || result === "success" ? "" : `, ${result}`})`;
  if (load !== "loaded") return { ...health("unknown", `its unit is ${load}`), ...enabled("disabled") };
  switch (active) {
    case "active":
    case "reloading":
    case "refreshing":
      return { ...health("ok", words), ...enabled("enabled") };
    case "failed":
      return { ...health("error", words), ...enabled("offline") };
    case "activating":
      return { ...health("starting", words), ...enabled("starting") };
    case "deactivating":
      return { ...health("stopping", words), ...enabled("enabled") };
    default:
      return { ...health("stopped", words), ...enabled("disabled") };
  }
}

/** Starts and stops services that the operator has named, and no others. */
export interface ServiceControl {
  /** Throws CimError: ACCESS_DENIED for a service that is not named, NOT_SUPPORTED without systemd. True when it worked. */
  run(verb: "start" | "stop" | "restart", service: string, signal: AbortSignal): Promise<boolean>;
}

export function createServiceControl({ system, services }: CimHost): ServiceControl {
  const allowed = new Set(services.controllable.map(unitOf));
  return {
    async run(verb, service, signal) {
      if (!allowed.has(unitOf(service)))
        throw new CimError(
          "ACCESS_DENIED",
          `${service} may not be controlled: name it in cim.services of the agent's settings`,
        );
      if (!(await isSystemdInCharge(system)))
        throw new CimError(
          "NOT_SUPPORTED",
          "services are controlled through systemd only, which is not in charge here",
        );
      try {
        await system.run("systemctl", [verb, "--", unitOf(service)], signal);
        return true;
      } catch {
        return false;
      }
    },
  };
}

export function createServiceProviders(host: CimHost, sources: CimSources): ClassProvider[] {
  const { names } = host;
  const read = createServiceReader(host, sources);
  const control = createServiceControl(host);
  const nameOf = (path: ObjectPath) => String(path.key("Name"));
  const act = async (verb: "start" | "stop" | "restart", path: ObjectPath, { signal }: ProviderContext) => ({
    returnValue: (await control.run(verb, nameOf(path), signal)) ? DONE : FAILED,
    output: {},
  });

  const services = provide(Rusuban_Service, {
    timeoutMs: SERVICE_CONTROL_TIMEOUT_MS,
    instances: async () =>
      (await read()).map((service) => ({
        ...names.systemKeys,
        CreationClassName: Rusuban_Service.name,
        Name: service.name,
        ElementName: service.title,
        Caption: service.title.slice(0, 64),
        Description: service.title,
        StartMode: service.startMode,
        Started: service.running,
        ...service.shape,
      })),
    methods: {
      StartService: (path, _parameters, context) => act("start", path, context),
      StopService: (path, _parameters, context) => act("stop", path, context),
      RequestStateChange: async (path, { RequestedState }, context) => {
        if (RequestedState === ASK_ENABLED) return act("start", path, context);
        if (RequestedState === ASK_DISABLED) return act("stop", path, context);
        if (RequestedState === ASK_RESET) return act("restart", path, context);
        return { returnValue: INVALID, output: {} };
      },
    },
  });
  return [
    services,
    membership(CIM_HostedService, {
      whole: names.system,
      wholeRole: "Antecedent",
      part: services,
      partRole: "Dependent",
    }),
  ];
}
