import type { Alert } from "../../../model/alert.ts";
import type { Subscription } from "../../../model/subscription.ts";
import type { PingResult } from "../../../net/ping.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Random } from "../../../runtime/random.ts";
import { type Service, withTimeout } from "../../../runtime/service.ts";
import type { Target } from "../agentless/target.ts";
import { createEndedAlert, createFailingAlert, createKeptAlert, createLostAlert } from "./subscription-alerts.ts";
import type { KnownSubscription, SubscriptionList } from "./subscription-list.ts";
import type { SubscriptionMeans } from "./subscription-means.ts";

// Keeps the manager subscribed at servers without our agent: looks at intervals whether each subscription is still there,
// renews it in time, makes it anew where the server has lost it, and takes it away with its host. Every server has its own
// failures and its own waiting; never more than a bound are asked at once.

export const SUBSCRIPTION_LIMITS = {
  atOnce: 16,
  /** Of one look, with all its exchanges. */
  lookMs: 60_000,
  intervalMs: 600_000,
  retryMs: 60_000,
  /** A server that fails is tried each minute at first, and then up to this many minutes apart. */
  backOffMax: 32,
  /** However soon a server says that it will forget. */
  waitMsMin: 15_000,
  /** Looks in a row that must fail before it is told, where the subscription was in place before. */
  failuresMax: 3,
  /** Tries to take a subscription away from a server whose host was removed, over about an hour and a half. */
  removalsMax: 8,
} as const;

export interface SubscriptionKeeper extends Service {
  /** From now on, also where it was just ended. */
  add(target: Target): Promise<void>;
  /** Nobody wants it any more: it is taken away from the server as soon as that answers, and told no more. */
  end(hostId: string): Promise<void>;
  /** Its host was removed: it is taken away from the server as soon as that answers. */
  remove(hostId: string): void;
  of(hostId: string): Subscription | undefined;
  /** Looks now, and says how it is then; undefined where there is none. */
  look(hostId: string): Promise<Subscription | undefined>;
  /** Whose deliveries come with this token. */
  hostOf(token: string): string | undefined;
}

export interface SubscriptionKeeperNeeds {
  readonly list: SubscriptionList;
  readonly find: (hostId: string, options: { readonly isRemoved: boolean }) => Promise<Target | undefined>;
  readonly meansOf: (target: Target) => SubscriptionMeans;
  readonly destinationOf: (target: Target, token: string) => string;
  readonly ping: (address: string) => Promise<PingResult>;
  /** Raises it unless the same is open. */
  readonly raiseOnce: (hostId: string, alert: Alert) => Promise<void>;
  /** Ends what is open; an event is told as it is. */
  readonly tell: (hostId: string, alert: Alert) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Kept {
  readonly target: Target;
  readonly means: SubscriptionMeans;
  known: KnownSubscription;
  failures: number;
  cancel: () => void;
  running: Promise<void> | undefined;
}

export function createSubscriptionKeeper(needs: SubscriptionKeeperNeeds): SubscriptionKeeper {
  const { list, clock, random, log } = needs;
  const kept = new Map<string, Kept>();
  const hostsByToken = new Map<string, string>();
  const waiting: Kept[] = [];
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();

  function schedule(one: Kept, delayMs: number): void {
    one.cancel();
    one.cancel = clock.after(delayMs, () => {
      waiting.push(one);
      startSome();
    });
  }

  function startSome(): void {
    while (running.size < SUBSCRIPTION_LIMITS.atOnce && !stopped.signal.aborted) {
      const one = waiting.shift();
      if (one === undefined) return;
      if (kept.get(one.target.hostId) === one) void tend(one);
    }
  }

  /** One look at a time at each server; whoever asks meanwhile waits for that one. Never rejects. */
  function tend(one: Kept): Promise<void> {
    if (one.running !== undefined) return one.running;
    one.cancel();
    const work = (one.known.isRemoved ? takeAway(one) : keep(one))
      .catch((error: unknown) => {
        log.error({ host: one.target.hostId, reason: reasonOf(error) }, "a subscription's state could not be noted");
        return retryMs(one);
      })
      .then((delayMs) => {
        running.delete(work);
        one.running = undefined;
        if (delayMs !== undefined && kept.get(one.target.hostId) === one && !stopped.signal.aborted) {
          // It may have been removed while it was looked at.
          schedule(one, one.known.isRemoved && one.failures === 0 ? 0 : delayMs);
        }
        startSome();
      });
    one.running = work;
    running.add(work);
    return work;
  }

  /** How long until the next look. */
  async function keep(one: Kept): Promise<number | undefined> {
    const { target, means } = one;
    const before = one.known;
    try {
      // A subscription that is in place may go on where ping is forbidden later; to set one up it must work.
      if (before.state !== "kept") await demandPing(target);
      const destination = needs.destinationOf(target, before.token);
      const ensured = await within((signal) => means.ensure({ destination, handle: before.handle }, signal), target);
      const now = clock.now();
      const { isNew, handle, lastsMs } = ensured;
      one.failures = 0;
      await note(one, {
        ...{ handle, state: "kept", reason: "", checkedAtMs: now, keptAtMs: now },
        expiresAtMs: lastsMs === null ? null : now + lastsMs,
      });
      if (!one.known.isRemoved) await tellKept(one, { isNew, before });
      const intervalMs = Math.min(
        SUBSCRIPTION_LIMITS.intervalMs,
        lastsMs === null ? Number.POSITIVE_INFINITY : lastsMs / 2,
      );
      return Math.max(SUBSCRIPTION_LIMITS.waitMsMin, jitter(intervalMs));
    } catch (error) {
      if (stopped.signal.aborted) return undefined;
      one.failures += 1;
      const reason = reasonOf(error);
      log.warn({ host: target.hostId, failures: one.failures, reason }, "a server could not be subscribed at");
      await note(one, { state: "failing", reason, checkedAtMs: clock.now() });
      // Somebody has just asked for one that was never in place, and wants to know.
      const isNews = before.keptAtMs === null || one.failures >= SUBSCRIPTION_LIMITS.failuresMax;
      if (isNews && !one.known.isRemoved)
        await needs.raiseOnce(target.hostId, createFailingAlert(target, reason, needs));
      return retryMs(one);
    }
  }

  async function tellKept({ target }: Kept, { isNew, before }: { isNew: boolean; before: KnownSubscription }) {
    if (before.state === "failing") await needs.tell(target.hostId, createKeptAlert(target, needs));
    if (!isNew || before.keptAtMs === null) return;
    await needs.tell(target.hostId, createLostAlert(target, before.keptAtMs, needs));
  }

  async function takeAway(one: Kept): Promise<number | undefined> {
    const { target, means, known } = one;
    try {
      await within((signal) => means.remove(known.handle, signal), target);
      if (!one.known.isRemoved) {
        // Wanted again meanwhile.
        await note(one, { handle: null, state: "waiting", reason: "", keptAtMs: null, expiresAtMs: null });
        return 0;
      }
    } catch (error) {
      if (stopped.signal.aborted) return undefined;
      one.failures += 1;
      if (!one.known.isRemoved) return 0; // Wanted again meanwhile: what is there is kept.
      const reason = reasonOf(error);
      if (one.failures < SUBSCRIPTION_LIMITS.removalsMax) return retryMs(one);
      const left = { host: target.hostId, name: target.name, address: target.address, reason };
      log.warn(left, "a subscription is left at a server: it does not let itself be removed");
    }
    forget(one); // First: whoever adds one meanwhile begins anew, behind the removal.
    await list.remove(target.hostId);
    return undefined;
  }

  async function demandPing({ address }: Target): Promise<void> {
    const { reachable, reason } = await needs.ping(address);
    // Where this computer has no ping, it cannot be asked.
    if (reachable === false)
      throw new Error(`CIM-Indication set-up needs ping, and ${address} does not answer: ${reason}`);
  }

  async function within<T>(work: (signal: AbortSignal) => Promise<T>, { name }: Target): Promise<T> {
    const deadline = new AbortController();
    try {
      return await withTimeout(work(AbortSignal.any([deadline.signal, stopped.signal])), {
        ...{ what: `the subscription at ${name}`, timeoutMs: SUBSCRIPTION_LIMITS.lookMs, clock },
      });
    } finally {
      deadline.abort();
    }
  }

  async function note(one: Kept, changes: Partial<KnownSubscription>): Promise<void> {
    one.known = { ...one.known, ...changes };
    await list.change(one.known);
  }

  function retryMs({ failures }: Kept): number {
    const factor = Math.min(2 ** Math.min(Math.max(0, failures - 1), 10), SUBSCRIPTION_LIMITS.backOffMax);
    return jitter(SUBSCRIPTION_LIMITS.retryMs * factor);
  }

  /** Up to a tenth less, so that servers that began together do not stay together, and no renewal is late. */
  function jitter(delayMs: number): number {
    return delayMs * (0.9 + share() * 0.1);
  }

  function share(): number {
    return random(4).readUInt32BE() / 0x1_0000_0000;
  }

  function take(target: Target, known: KnownSubscription): Kept {
    const one: Kept = {
      ...{ target, means: needs.meansOf(target), known, failures: 0 },
      ...{ cancel: () => {}, running: undefined },
    };
    kept.set(target.hostId, one);
    if (!known.isRemoved) hostsByToken.set(known.token, target.hostId);
    return one;
  }

  function forget(one: Kept): void {
    one.cancel();
    one.means.close();
    kept.delete(one.target.hostId);
    hostsByToken.delete(one.known.token);
  }

  function takeBack(one: Kept): void {
    one.known = { ...one.known, isRemoved: true };
    one.failures = 0;
    hostsByToken.delete(one.known.token);
    if (one.running === undefined) schedule(one, 0);
  }

  function wanted(hostId: string): KnownSubscription | undefined {
    const known = kept.get(hostId)?.known;
    return known?.isRemoved === true ? undefined : known;
  }

  return {
    name: "subscription-keeper",
    async start() {
      for (const known of await list.all()) {
        const target = await needs.find(known.hostId, { isRemoved: known.isHostRemoved });
        if (target !== undefined) schedule(take(target, known), share() * SUBSCRIPTION_LIMITS.retryMs);
      }
    },
    async stop() {
      stopped.abort();
      for (const one of kept.values()) one.cancel();
      await Promise.all(running);
      for (const one of [...kept.values()]) forget(one);
    },
    async add(target) {
      const { hostId } = target;
      const one = kept.get(hostId);
      if (one === undefined) return schedule(take(target, await list.add(hostId)), 0);
      if (!one.known.isRemoved) return;
      one.known = { ...one.known, isRemoved: false };
      one.failures = 0;
      hostsByToken.set(one.known.token, hostId);
      await list.end(hostId, null);
      if (one.running === undefined) schedule(one, 0);
    },
    async end(hostId) {
      const one = kept.get(hostId);
      if (one === undefined || one.known.isRemoved) return;
      takeBack(one);
      await list.end(hostId, clock.now());
      await needs.tell(hostId, createEndedAlert(one.target, needs));
    },
    remove(hostId) {
      const one = kept.get(hostId);
      // The host's own mark in the database says so after a restart, too.
      if (one !== undefined) takeBack(one);
    },
    of: wanted,
    async look(hostId) {
      const one = kept.get(hostId);
      if (one !== undefined) await tend(one);
      return wanted(hostId);
    },
    hostOf: (token) => hostsByToken.get(token),
  };
}
