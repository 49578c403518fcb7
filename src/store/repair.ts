import type { RepairOptions, RepairReport } from "./repair-report.ts";
import type { StoreCore } from "./store-core.ts";

export async function repairStore(_core: StoreCore, _options: RepairOptions = {}): Promise<RepairReport> {
  throw new Error("repair is being built");
}
