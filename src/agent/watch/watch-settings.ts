import { RULE_DEFAULTS, type RuleSettings } from "../../judging/thresholds.ts";

export interface WatchSettings extends RuleSettings {
  /** How long one provider may take; less than the interval. */
  readonly providerTimeoutMs: number;
  /** Names of services that must run. */
  readonly services: readonly string[];
}

export const WATCH_DEFAULTS: WatchSettings = { ...RULE_DEFAULTS, providerTimeoutMs: 5_000, services: [] };
