import type { HostSystem } from "./host-system.ts";
import { parseUnitBlocks } from "./services.ts";

/** A service of systemd (org.freedesktop.systemd1(5)). */
export interface ServiceUnit {
  /** `sshd.service` */
  readonly id: string;
  readonly description: string | null;
  /** `loaded`, `not-found`, `masked`, `error`. */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
  readonly active: string;
  readonly sub: string;
  readonly result: string | null;
  /** `enabled`, `disabled`, `static`, `masked`, `generated`; null where there is no file. */
  readonly startUp: string | null;
  readonly mainPid: number | null;
}

/** A server has about 200 services; one with an instance for each user more. */
export const UNITS_MAX = 2_048;
const PROPERTIES = "Id,Description,LoadState,ActiveState,SubState,Result,UnitFileState,MainPID";

/** Whether systemd is in charge here (sd_booted(3)). */
export function isSystemdInCharge(system: HostSystem): Promise<boolean> {
  return system.exists("/run/systemd/system");
}

/** Every service that systemd has loaded. Rejects where it does not answer. */
export async function readServiceUnits(system: HostSystem, signal: AbortSignal): Promise<ServiceUnit[]> {
  const output = await system.run("systemctl", ["show", `--property=${PROPERTIES}`, "--", "*.service"], signal);
  return parseUnitBlocks(output)
    .slice(0, UNITS_MAX)
    .flatMap((unit) => {
      const [id, load, active] = [unit.get("Id"), unit.get("LoadState"), unit.get("ActiveState")];
      if (!id || !load || !active || load === "not-found") return [];
      const pid = Number(unit.get("MainPID") ?? 0);
      return [
        {
          id,
          load,
          active,
          description: unit.get("Description") || null,
          sub: unit.get("SubState") ?? "",
          result: unit.get("Result") || null,
          startUp: unit.get("UnitFileState") || null,
          mainPid: pid > 0 ? pid : null,
        },
      ];
    });
}
