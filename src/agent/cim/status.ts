// Words of CIM_ManagedSystemElement and CIM_EnabledLogicalElement as numbers of their value maps (CIM schema 2.41.0).

const OPERATIONAL = {
  unknown: 0,
  ok: 2,
  degraded: 3,
  stressed: 4,
  predictiveFailure: 5,
  error: 6,
  starting: 8,
  stopping: 9,
  stopped: 10,
  noContact: 12,
  lostCommunication: 13,
  dormant: 15,
} as const;
const HEALTH = { unknown: 0, ok: 5, degraded: 10, minor: 15, major: 20, critical: 25, nonRecoverable: 30 } as const;
const ENABLED = { unknown: 0, enabled: 2, disabled: 3, notApplicable: 5, offline: 6, starting: 10 } as const;
/** Nobody can ask for another state of what the kernel has. */
const NOT_APPLICABLE = 12;

type OperationalWord = keyof typeof OPERATIONAL;

/** OperationalStatus with what it means for people, and the HealthState that goes with it unless another is given. */
export function health(
  status: OperationalWord,
  description: string | null = null,
  state: keyof typeof HEALTH = HEALTH_OF[status],
) {
  return {
    OperationalStatus: [OPERATIONAL[status]],
    // One description for each status, or none at all (MOF of CIM_ManagedSystemElement).
    StatusDescriptions: description === null ? null : [description],
    HealthState: HEALTH[state],
  };
}

const HEALTH_OF: Readonly<Record<OperationalWord, keyof typeof HEALTH>> = {
  unknown: "unknown",
  ok: "ok",
  degraded: "degraded",
  stressed: "degraded",
  predictiveFailure: "degraded",
  error: "major",
  starting: "ok",
  stopping: "ok",
  stopped: "unknown",
  noContact: "unknown",
  lostCommunication: "major",
  dormant: "ok",
};

export function enabled(state: keyof typeof ENABLED) {
  return { EnabledState: ENABLED[state], RequestedState: NOT_APPLICABLE };
}
