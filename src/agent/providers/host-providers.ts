import type { Clock } from "../../runtime/clock.ts";
import type { FileSystemSurvey } from "./file-system-survey.ts";
import { createFileSystemProvider } from "./file-systems.ts";
import type { HostSystem } from "./host-system.ts";
import { createLoadProvider } from "./load.ts";
import { createMemoryProvider } from "./memory.ts";
import { createNetworkProvider } from "./network.ts";
import { createPortableProviders } from "./portable.ts";
import type { Provider } from "./provider.ts";

import { createServicesProvider } from "./services.ts";
import { createUptimeProvider } from "./uptime.ts";

/** All eyes for this platform. Throws SettingsError for services that cannot be named so. */
export function createHostProviders({
  platform,
  system,
  survey,
  clock,
  services,
}: {
  readonly platform: string;
  readonly system: HostSystem;
  /** Shared with whoever else asks the file systems: one that hangs is then asked once. */
  readonly survey?: FileSystemSurvey;
  readonly clock: Clock;
  readonly services: readonly string[];
}): Provider[] {
  if (platform !== "linux") return createPortableProviders(platform);
  return [
    createUptimeProvider({ system }),
    createLoadProvider({ system }),
    createMemoryProvider({ system }),
    createFileSystemProvider({ system, clock, ...(survey === undefined ? {} : { survey }) }),
    createServicesProvider({ system, services }),
    createNetworkProvider({ system }),
  ];
}
