import type { Random } from "../../runtime/random.ts";
import { REPORTING_LIMITS } from "./limits.ts";

/** The pause before attempt number `failures` + 1: twice as long each time, and random, so that agents do not come back together. */
export function backOffMs(failures: number, random: Random): number {
  const { backOffFirstMs, backOffMaxMs } = REPORTING_LIMITS;
  const whole = Math.min(backOffMaxMs, backOffFirstMs * 2 ** Math.min(failures, 30));
  return Math.round(whole * (0.5 + random(4).readUInt32BE(0) / 0x1_0000_0000 / 2));
}
