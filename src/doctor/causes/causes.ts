// Every cause that the doctor knows, once. A verdict names nothing that is not here; docs/doctor.md is made from it.

import type { Cause } from "../cause.ts";
import { ADDRESS_CAUSES } from "./address-causes.ts";
import { FIREWALL_CAUSES } from "./firewall-causes.ts";
import { IDENTITY_CAUSES } from "./identity-causes.ts";
import { LISTENING_CAUSES } from "./listening-causes.ts";
import { QUALITY_CAUSES } from "./quality-causes.ts";

export const CAUSES = {
  ...LISTENING_CAUSES,
  ...FIREWALL_CAUSES,
  ...ADDRESS_CAUSES,
  ...IDENTITY_CAUSES,
  ...QUALITY_CAUSES,
} as const satisfies Record<string, Cause>;

export type CauseId = keyof typeof CAUSES;
/** In the order of the list. */
export const CAUSE_IDS = Object.keys(CAUSES) as readonly CauseId[];

/** The cause with its declared type, for code that treats all alike. */
export function causeOf(id: CauseId): Cause {
  return CAUSES[id];
}
