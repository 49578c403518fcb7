// How the manager subscribes at a server that runs no agent of ours. Each means is one file; the keeper knows only this.

export interface Ensured {
  /** False where it was there already. */
  readonly isNew: boolean;
  /** By which it is renewed and removed; null where its name says enough. */
  readonly handle: string | null;
  /** How long it lasts from now on, in milliseconds; null: until it is removed. */
  readonly lastsMs: number | null;
}

export interface SubscriptionMeans {
  /** Renews what is there, or makes it. Rejects with ConnectError, PeerError, WireError, CimError. */
  ensure(
    wanted: { readonly destination: string; readonly handle: string | null },
    signal: AbortSignal,
  ): Promise<Ensured>;
  /** Resolves also where there was none. */
  remove(handle: string | null, signal: AbortSignal): Promise<void>;
  close(): void;
}
