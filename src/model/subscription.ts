/** `waiting`: not yet set up; `kept`: it was there when last looked at; `failing`: it is not, and is tried again. */
export const SUBSCRIPTION_STATES = ["waiting", "kept", "failing"] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** The manager's subscription to the indications of a server without our agent. */
export interface Subscription {
  readonly state: SubscriptionState;
  /** Why it is failing; empty where it is not. */
  readonly reason: string;
  readonly checkedAtMs: number | null;
  /** When the server would forget it; null where it would not. */
  readonly expiresAtMs: number | null;
}
