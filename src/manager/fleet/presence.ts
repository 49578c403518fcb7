import type { HostState } from "../../model/host.ts";

// Whether hosts are up, as a running manager knows it. Signs of life come from any flow that a host has proved itself on.

export interface HostPresence {
  readonly state: HostState;
  /** Milliseconds since 1970, by the manager's clock. */
  readonly lastSignAtMs: number | null;
  /** Since when it has been in this state. */
  readonly sinceMs: number;
}

/** What is known of each host now; changes are told to whoever registered. */
export class Presence {
  readonly #hosts = new Map<string, HostPresence>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A host that is minded from now on; known ones stay as they are. */
  add(hostId: string, lastSignAtMs: number | null): void {
    if (!this.#hosts.has(hostId)) this.#hosts.set(hostId, { state: "unknown", lastSignAtMs, sinceMs: this.#now() });
  }

  remove(hostId: string): void {
    this.#hosts.delete(hostId);
  }

  of(hostId: string): HostPresence {
    return this.#hosts.get(hostId) ?? { state: "unknown", lastSignAtMs: null, sinceMs: this.#now() };
  }

  /** The host has shown that it lives. True when it was not known to be up. */
  sign(hostId: string): boolean {
    const known = this.#hosts.get(hostId);
    const now = this.#now();
    const cameBack = known?.state !== "up";
    this.#hosts.set(hostId, { state: "up", lastSignAtMs: now, sinceMs: cameBack ? now : known.sinceMs });
    return cameBack;
  }

  /** Marks a host unreachable that is silent still: it may have shown itself, or been removed, while it was asked. True when that is news. */
  miss(hostId: string, silentMs: number): boolean {
    const known = this.#hosts.get(hostId);
    if (known === undefined || known.state === "unreachable" || !this.#isSilent(known, silentMs)) return false;
    this.#hosts.set(hostId, { ...known, state: "unreachable", sinceMs: this.#now() });
    return true;
  }

  /** Hosts without a sign of life for longer than `silentMs`. */
  silent(silentMs: number): string[] {
    return [...this.#hosts].filter(([, known]) => this.#isSilent(known, silentMs)).map(([hostId]) => hostId);
  }

  #isSilent({ lastSignAtMs, sinceMs }: HostPresence, silentMs: number): boolean {
    return Math.max(lastSignAtMs ?? 0, sinceMs) < this.#now() - silentMs;
  }

  idsIn(states: readonly HostState[]): string[] {
    return [...this.#hosts].filter(([, { state }]) => states.includes(state)).map(([hostId]) => hostId);
  }

  counts(): Record<HostState, number> {
    const counts: Record<HostState, number> = { up: 0, unreachable: 0, unknown: 0, revoked: 0 };
    for (const { state } of this.#hosts.values()) counts[state] += 1;
    return counts;
  }
}
