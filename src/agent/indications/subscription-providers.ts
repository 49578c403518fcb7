import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { ClassDeclaration, InstanceOf } from "../../cim/class-declaration.ts";
import { createInstance } from "../../cim/instance-of-class.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { type ClassProvider, INTEROP, provide } from "../../cim/provider.ts";
import {
  CIM_IndicationFilter,
  CIM_IndicationHandlerCIMXML,
  CIM_IndicationService,
  CIM_IndicationSubscription,
  CIM_ListenerDestinationCIMXML,
} from "../../cim/schema/subscription.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { type DestinationRules, parseDestination } from "./destination-address.ts";
import type { StoredKind } from "./indication-store.ts";
import { INDICATION_LIMITS } from "./limits.ts";
import { SUBSCRIPTION_ENABLED, type Subscriptions, secondsLeft } from "./subscriptions.ts";

// How clients subscribe (DSP1054): by creating a filter, a destination and the subscription that ties them, in
// root/interop. Of the keys only Name is the client's: the rest is how this computer is called.

export interface SubscriptionProvidersNeeds {
  readonly subscriptions: Subscriptions;
  readonly rules: DestinationRules;
  readonly systemName: string;
  /** A destination that is gone: what waits for it is given up. */
  readonly onDestinationRemoved: (identity: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
}

const SYSTEM_CLASS = "CIM_ComputerSystem";
const BOUNDS: Readonly<Record<StoredKind, number>> = {
  filter: INDICATION_LIMITS.filters,
  destination: INDICATION_LIMITS.destinations,
  subscription: INDICATION_LIMITS.subscriptions,
};

export function createSubscriptionProviders(needs: SubscriptionProvidersNeeds): ClassProvider[] {
  const { subscriptions, rules, systemName, clock, random, onDestinationRemoved } = needs;

  const systemKeys = (declaration: ClassDeclaration, instance: CimInstance, prefix: string) => ({
    SystemCreationClassName: SYSTEM_CLASS,
    SystemName: systemName,
    CreationClassName: declaration.name,
    // "OrgID:LocalID" (DSP1054 §8.2), for clients that name nothing.
    Name: textOf(instance, "Name") ?? `${prefix}:${createUuid({ clock, random })}`,
  });

  /** Writes a new one down, within the bounds of its kind. */
  function add(kind: StoredKind, created: CimInstance): CimInstance {
    const { path } = created;
    if (subscriptions.find(kind, path?.identity ?? "") !== undefined)
      throw new CimError("ALREADY_EXISTS", `there is ${path} already`);
    if (subscriptions.count(kind) >= BOUNDS[kind])
      throw new CimError(
        "SERVER_LIMITS_EXCEEDED",
        `there are ${BOUNDS[kind]} of ${created.className}: remove some first`,
      );
    subscriptions.put(kind, created);
    return created;
  }

  /**
   * By its path; else by class and Name, of which there is one, and a subscription by its ends: openwsman names what it
   * created by keys of its own making instead of the path that it was given back.
   */
  function find(kind: StoredKind, path: ObjectPath): CimInstance | undefined {
    const found = subscriptions.find(kind, path.within(INTEROP).identity);
    if (found !== undefined) return found;
    if (kind === "subscription") {
      const [filter, handler] = [endOf("filter", path.key("Filter")), endOf("destination", path.key("Handler"))];
      if (filter === undefined || handler === undefined) return undefined;
      const keys = { Filter: filter, Handler: handler };
      return subscriptions.find(kind, new ObjectPath({ ...path, namespace: INTEROP, host: null, keys }).identity);
    }
    const [name, className] = [path.key("Name"), path.className.toLowerCase()];
    const isMeant = (each: CimInstance) => each.className.toLowerCase() === className && each.get("Name") === name;
    return name === undefined ? undefined : subscriptions.all(kind).find(isMeant);
  }

  function endOf(kind: StoredKind, value: unknown): ObjectPath | undefined {
    return value instanceof ObjectPath ? (find(kind, value)?.path ?? undefined) : undefined;
  }

  function existing(kind: StoredKind, path: ObjectPath): CimInstance {
    const found = find(kind, path);
    if (found === undefined) throw new CimError("NOT_FOUND", `there is no ${path}`);
    return found;
  }

  /** The stored instances as a provider of one class. */
  function stored<D extends ClassDeclaration>(
    declaration: D,
    kind: StoredKind,
    shown: (instance: CimInstance) => CimInstance,
    rest: Pick<ClassProvider, "create" | "modify" | "delete">,
  ): ClassProvider {
    return {
      ...provide(declaration, { namespace: INTEROP, instances: () => [] }),
      async *instances() {
        const isOfClass = ({ className }: CimInstance) => className === declaration.name;
        yield subscriptions.all(kind).filter(isOfClass).map(shown);
      },
      instance: async (path) => {
        const found = find(kind, path);
        return found === undefined ? null : shown(found);
      },
      ...rest,
    };
  }

  const same = (instance: CimInstance) => instance;

  const filters = stored(CIM_IndicationFilter, "filter", same, {
    async create(instance) {
      // SourceNamespace is the deprecated twin that old clients send alone.
      const single = textOf(instance, "SourceNamespace");
      const namespaces = instance.get("SourceNamespaces") ?? (single === undefined ? ["root/cimv2"] : [single]);
      return add(
        "filter",
        createInstance(
          CIM_IndicationFilter,
          {
            ...systemKeys(CIM_IndicationFilter, instance, "rusuban:filter"),
            ...{
              ElementName: textOf(instance, "ElementName") ?? null,
              SourceNamespaces: namespaces as readonly string[],
            },
            ...{ Query: required(instance, "Query"), QueryLanguage: required(instance, "QueryLanguage") },
            IndividualSubscriptionSupported: true,
          } as InstanceOf<typeof CIM_IndicationFilter>,
          INTEROP,
        ),
      );
    },
    async delete(path) {
      const { path: found } = existing("filter", path);
      refuseUsed("filter", found);
      subscriptions.remove("filter", found?.identity ?? "");
    },
  });

  const destinationsOf = (declaration: typeof CIM_ListenerDestinationCIMXML | typeof CIM_IndicationHandlerCIMXML) =>
    stored(declaration, "destination", same, {
      async create(instance) {
        const address = required(instance, "Destination");
        parseDestination(address, rules);
        return add(
          "destination",
          createInstance(
            declaration,
            {
              ...systemKeys(declaration, instance, "rusuban:destination"),
              ...{ ElementName: textOf(instance, "ElementName") ?? null, Destination: address },
              ...{ PersistenceType: numberOf(instance, "PersistenceType") ?? 2, Protocol: 2 },
            } as InstanceOf<typeof CIM_ListenerDestinationCIMXML>,
            INTEROP,
          ),
        );
      },
      async delete(path) {
        const { path: found } = existing("destination", path);
        refuseUsed("destination", found);
        const identity = found?.identity ?? "";
        await onDestinationRemoved(identity);
        subscriptions.remove("destination", identity);
      },
    });
  const destinations = [CIM_ListenerDestinationCIMXML, CIM_IndicationHandlerCIMXML].map(destinationsOf);

  function refuseUsed(kind: "filter" | "destination", path: ObjectPath | null): void {
    // DSP1054 §8.5.3: what a subscription names stays.
    if (subscriptions.isUsed(kind, path?.identity ?? ""))
      throw new CimError("FAILED", `a subscription uses ${path}: remove that first`);
  }

  const reference = (instance: CimInstance, name: "Filter" | "Handler", kind: StoredKind) => {
    const value = instance.get(name);
    if (!(value instanceof ObjectPath)) throw new CimError("INVALID_PARAMETER", `${name} is no reference`);
    const found = endOf(kind, value);
    if (found === undefined)
      throw new CimError(
        "INVALID_PARAMETER",
        `${name}: there is no ${value}: take the path that its creation gave back`,
      );
    return found;
  };

  const ties = stored(CIM_IndicationSubscription, "subscription", withTimeLeft(clock), {
    async create(instance) {
      const duration = instance.get("SubscriptionDuration");
      const now = CimDateTime.at(clock.now());
      return add(
        "subscription",
        createInstance(
          CIM_IndicationSubscription,
          {
            Filter: reference(instance, "Filter", "filter"),
            Handler: reference(instance, "Handler", "destination"),
            SubscriptionState: stateOf(instance) ?? SUBSCRIPTION_ENABLED,
            SubscriptionStartTime: now,
            TimeOfLastStateChange: now,
            // Nothing is given up here, and nothing is told twice on purpose.
            ...{ OnFatalErrorPolicy: 2, RepeatNotificationPolicy: 2 },
            ...(typeof duration === "bigint" && duration > 0n ? { SubscriptionDuration: duration } : {}),
            SubscriptionInfo: textOf(instance, "SubscriptionInfo") ?? null,
          } as InstanceOf<typeof CIM_IndicationSubscription>,
          INTEROP,
        ),
      );
    },
    async modify(path, instance, names) {
      const before = existing("subscription", path);
      if (names.includes("SubscriptionState")) stateOf(instance);
      const changed = before.properties.map((property) => {
        if (names.includes(property.name)) return { ...property, value: instance.get(property.name) ?? null };
        // A new duration counts from now, as a renewal is meant.
        const restarts = names.includes("SubscriptionDuration") && property.name === "SubscriptionStartTime";
        const isStateChange = names.includes("SubscriptionState") && property.name === "TimeOfLastStateChange";
        return restarts || isStateChange ? { ...property, value: CimDateTime.at(clock.now()) } : property;
      });
      subscriptions.put("subscription", new CimInstance({ ...before, path: before.path, properties: changed }));
    },
    async delete(path) {
      subscriptions.remove("subscription", existing("subscription", path).path?.identity ?? "");
    },
  });

  const service = provide(CIM_IndicationService, {
    namespace: INTEROP,
    instances: () => [
      {
        ...{ SystemCreationClassName: SYSTEM_CLASS, SystemName: systemName },
        ...{ CreationClassName: CIM_IndicationService.name, Name: "rusuban indications", ElementName: "rusuban" },
        ...{ FilterCreationEnabled: true, Started: true },
        // For ever, with growing pauses: an indication leaves only when it was taken, or when its line is full.
        DeliveryRetryAttempts: 65_535,
        DeliveryRetryInterval: INDICATION_LIMITS.backOffMaxMs / 1_000,
        SubscriptionRemovalAction: 4,
        SubscriptionRemovalTimeInterval: 0,
      } as InstanceOf<typeof CIM_IndicationService>,
    ],
  });

  return [filters, ...destinations, ties, service];
}

function withTimeLeft(clock: Clock) {
  return (subscription: CimInstance): CimInstance => {
    const left = secondsLeft(subscription, clock.now());
    if (left === null) return subscription;
    const properties = subscription.properties.map((property) =>
      property.name === "SubscriptionTimeRemaining" ? { ...property, value: BigInt(Math.max(0, left)) } : property,
    );
    return new CimInstance({ className: subscription.className, path: subscription.path, properties });
  };
}

function stateOf(instance: CimInstance): number | undefined {
  const state = numberOf(instance, "SubscriptionState");
  // A client may enable or disable; degraded and unknown are the server's to say.
  if (state !== undefined && state !== SUBSCRIPTION_ENABLED && state !== 4)
    throw new CimError("INVALID_PARAMETER", `SubscriptionState ${state}: 2 (enabled) and 4 (disabled) can be set`);
  return state;
}

function textOf(instance: CimInstance, name: string): string | undefined {
  const value = instance.get(name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(instance: CimInstance, name: string): number | undefined {
  const value = instance.get(name);
  return typeof value === "number" ? value : undefined;
}

function required(instance: CimInstance, name: string): string {
  const value = textOf(instance, name);
  if (value === undefined) throw new CimError("INVALID_PARAMETER", `${instance.className}: ${name} is missing`);
  return value;
}
