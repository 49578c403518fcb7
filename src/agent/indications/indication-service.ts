import type { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import type { ClassProvider } from "../../cim/provider.ts";
import type { IsSubclass } from "../../cim/query/evaluate.ts";
import type { ForeignTrust } from "../../net/foreign-dial.ts";
import { createForeignAgent, type ForeignAgent } from "../../net/foreign-request.ts";
import { type Delivery, exportIndications } from "../../protocols/cim-xml/exporter.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import { type DestinationAddress, type DestinationRules, parseDestination } from "./destination-address.ts";
import { createIndicationSender, type DeliveryState } from "./indication-sender.ts";
import type { IndicationStore } from "./indication-store.ts";
import { INDICATION_LIMITS } from "./limits.ts";
import { createSubscriptionProviders } from "./subscription-providers.ts";
import { Subscriptions } from "./subscriptions.ts";

// From something that happens to every listener that wants to know: matched with the filters, numbered and written down,
// then sent, each destination in its own line.

export interface IndicationServiceNeeds {
  /** Closed when the service stops. */
  readonly store: IndicationStore;
  readonly isSubclass: IsSubclass;
  readonly rules: DestinationRules;
  readonly systemName: string;
  /** Whom a listener at this address is taken for, and what we show it. */
  readonly trustOf: (address: DestinationAddress) => {
    readonly trust: ForeignTrust;
    readonly credentials?: { readonly key: string; readonly cert: string };
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface IndicationService extends Service {
  /** For the object manager: filters, destinations, subscriptions, the service itself. */
  readonly providers: readonly ClassProvider[];
  /** Answers when they are on disk for every listener that wants them. Throws where the disk does not take them. */
  emit(indications: readonly CimInstance[]): void;
  /** Whether somebody wants to be told of instances that come, change and go. */
  readonly wantsLifeCycle: boolean;
  /** Each destination with what waits for it. */
  destinations(): readonly (DeliveryState & { readonly destination: string; readonly waiting: number })[];
}

export function createIndicationService(needs: IndicationServiceNeeds): IndicationService {
  const { store, isSubclass, rules, systemName, trustOf, clock, random, log } = needs;
  const subscriptions = new Subscriptions({ store, isSubclass, clock });
  const agents = new Map<string, { readonly agent: ForeignAgent; readonly path: string }>();

  function targetOf(destination: string) {
    const known = agents.get(destination);
    if (known !== undefined) return known;
    const instance = subscriptions.find("destination", destination);
    // Read again, not remembered: the rules may have become stricter since it was created.
    const address = parseDestination(String(instance?.get("Destination") ?? ""), rules);
    const { trust, credentials } = trustOf(address);
    const { host, port, path } = address;
    const agent = createForeignAgent({
      ...{ flow: "cimIndication", host, port, trust, credentials, clock },
      timeoutMs: INDICATION_LIMITS.deliveryTimeoutMs,
    });
    const target = { agent, path };
    agents.set(destination, target);
    return target;
  }

  function forget(destination: string): void {
    agents.get(destination)?.agent.close();
    agents.delete(destination);
  }

  async function send(
    destination: string,
    indications: readonly CimInstance[],
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    try {
      return await exportIndications(targetOf(destination), indications, { signal });
    } catch (error) {
      return indications.map(() => ({ delivered: false, retry: true, reason: reasonOf(error) }));
    }
  }

  const sender = createIndicationSender({ store, send, clock, random, log });
  const providers = createSubscriptionProviders({
    ...{ subscriptions, rules, systemName, clock, random },
    async onDestinationRemoved(identity) {
      await sender.drop(identity);
      forget(identity);
    },
  });

  return {
    name: "indications",
    providers,
    get wantsLifeCycle() {
      return subscriptions.wantsLifeCycle;
    },
    emit(indications) {
      const matched = indications.flatMap((indication) => subscriptions.match(indication));
      if (matched.length === 0) return;
      for (const [destination, count] of store.enqueue(matched))
        log.warn(
          { destination, count },
          "indications were given up: too many wait for this listener, or one is too long",
        );
      for (const destination of new Set(matched.map((each) => each.destination))) sender.wake(destination);
    },
    destinations: () =>
      subscriptions.all("destination").map(({ path }) => {
        const destination = path?.identity ?? "";
        return { destination: nameOf(path), waiting: store.waiting(destination).count, ...sender.state(destination) };
      }),
    async start() {
      for (const { path } of subscriptions.all("destination")) sender.wake(path?.identity ?? "");
    },
    async stop() {
      await sender.stop();
      for (const { agent } of agents.values()) agent.close();
      store.close();
    },
  };
}

function nameOf(path: ObjectPath | null): string {
  return String(path?.key("Name") ?? "");
}
