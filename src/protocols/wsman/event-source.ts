// The source of events (WS-Eventing 2004/08, DSP0226 §10, DSP0227 §11): takes subscriptions, keeps them over restarts, and
// lets each bring what is published to its sink.

import { type CimClass, isMarked } from "../../cim/cim-class.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { parseQuery } from "../../cim/query/parse-query.ts";
import { languageOf } from "../../cim/query/query-language.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { formatDuration } from "./duration.ts";
import { queryOf } from "./enumerate-operation.ts";
import type { Pulled, PullLimits } from "./enumeration-contexts.ts";
import { keptElements } from "./envelope.ts";
import { ActiveSubscription, type PostToSink } from "./event-delivery.ts";
import { createEventMatcher } from "./event-matcher.ts";
import { readBookmark } from "./event-message.ts";
import type { EventFilter, EventStorage, JournalEvent, StoredSubscription } from "./event-storage.ts";
import { refuse } from "./fault.ts";
import { instanceFragment, readInstance } from "./instance-codec.ts";
import { ACTION, ANONYMOUS_ROLE, type EndStatus, NS } from "./names.ts";
import type { WriteBody } from "./resource-operations.ts";
import { resourceUriOf } from "./resource-uri.ts";
import type { ActionHandler, ActionRequest } from "./server.ts";
import { readExpires, readSubscribe, type SubscribeRequest } from "./subscribe-message.ts";
import { targetOf } from "./target.ts";

/** Subscriptions at once: each may have a connection of its own under way. */
export const SUBSCRIPTIONS_MAX = 64;
export const SUBSCRIPTIONS_PER_OWNER_MAX = 16;
export const SUBSCRIPTION_EXPIRES_MS_DEFAULT = 3_600_000;
/** A manager that is away for a weekend still has its subscription. */
export const SUBSCRIPTION_EXPIRES_MS_MAX = 7 * 86_400_000;
/** Characters of one event. */
export const EVENT_TEXT_MAX = 256 * 1024;
/** With the namespace's own family of URIs events are kept; deliveries have the subscriber's. */
const KEPT_PREFIX = resourceUriOf("CIM_X").slice(0, -"/CIM_X".length);

export interface EventSourceNeeds {
  readonly objects: ObjectManager;
  readonly storage: EventStorage;
  readonly post: PostToSink;
  /** Why nothing may be delivered there, or undefined where it may; everything may where it is left out. */
  readonly judgeAddress?: (address: string) => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface EventSource extends Service, ActionHandler {
  /**
   * Keeps the indication for all subscriptions there are; safe when it returns. Without subscriptions nothing is kept.
   * @throws CimError for a class that the namespace does not have.
   */
  publish(indication: CimInstance, namespace: string): void;
  /** Whether a subscription may want indications of this class or one below it. */
  wants(className: string): boolean;
  readonly subscriptions: readonly { readonly id: string; readonly owner: string; readonly failures: number }[];
}

export function createEventSource(needs: EventSourceNeeds): EventSource {
  const { objects, storage, post, clock, random, log } = needs;
  const active = new Map<string, { readonly subscription: ActiveSubscription; cancelExpiry: () => void }>();
  const newMessageId = () => `uuid:${formatUuid(random(16))}`;

  function remove(id: string): ActiveSubscription | undefined {
    const entry = active.get(id);
    active.delete(id);
    entry?.cancelExpiry();
    entry?.subscription.stop();
    storage.deleteSubscription(id);
    return entry?.subscription;
  }

  function end(id: string, status: EndStatus, reason: string): void {
    const subscription = remove(id);
    if (subscription === undefined) return;
    const { owner } = subscription.stored;
    log.warn({ id, owner, reason }, `WS-Eventing: the subscription of ${owner} has ended: ${reason}`);
    void subscription.sayEnd(status, reason);
  }

  function activate(stored: StoredSubscription): void {
    const matches = createEventMatcher(objects, stored.filter);
    const render = (event: JournalEvent): XmlFragment | undefined => {
      if (event.namespace !== stored.filter.namespace) return undefined; // Spares the reading.
      let instance: CimInstance;
      try {
        instance = instanceOf(event);
      } catch (error) {
        // One event that cannot be read any more must not end the subscription.
        log.error({ position: event.position, reason: reasonOf(error) }, "WS-Eventing: a kept event cannot be read");
        return undefined;
      }
      const wanted = matches(instance, event.namespace);
      return wanted && instanceFragment(wanted, { prefix: stored.filter.prefix, address: ANONYMOUS_ROLE });
    };
    const onEnded = (status: EndStatus, reason: string) => end(stored.id, status, reason);
    const { id, owner } = stored;
    const to = stored.delivery.notifyTo?.address;
    const subscription = new ActiveSubscription(stored, {
      ...{ storage, post, clock, newMessageId, render, onEnded },
      onFailing(reason) {
        log.warn({ id, owner, to, reason }, `WS-Eventing: events for ${owner} cannot be delivered: ${reason}`);
      },
      onRecovered(failures) {
        log.info({ id, owner, to, failures }, `WS-Eventing: events for ${owner} are delivered again`);
      },
    });
    active.set(stored.id, { subscription, cancelExpiry: () => {} });
    expireLater(stored.id);
    subscription.run().catch((error) => {
      log.error({ id: stored.id, reason: reasonOf(error) }, "WS-Eventing: a subscription failed");
      end(stored.id, "sourceCanceling", "internal error");
    });
  }

  /** The event as an instance, typed by its class. */
  function instanceOf({ text, className, namespace }: JournalEvent): CimInstance {
    const { properties } = objects.getClass({ namespace, className });
    const [element] = keptElements(text);
    if (element === undefined) return new CimInstance({ className, properties: [] });
    return readInstance(element, (name) => properties.find((property) => property.name === name));
  }

  function expireLater(id: string): void {
    const entry = active.get(id);
    if (entry === undefined) return;
    entry.cancelExpiry();
    const leftMs = Math.max(0, entry.subscription.stored.expiresAtMs - clock.now());
    // WS-Eventing §3.5: the end of its time is no news to the subscriber.
    entry.cancelExpiry = clock.after(leftMs, () => {
      log.info({ id, owner: entry.subscription.stored.owner }, "WS-Eventing: a subscription has expired");
      remove(id);
    });
  }

  function subscribe({ headers, body, owner }: ActionRequest): WriteBody {
    const request = readSubscribe(bodyNamed(body, "Subscribe"), clock.now());
    const own = [...active.values()].filter(({ subscription }) => subscription.stored.owner === owner).length;
    if (active.size >= SUBSCRIPTIONS_MAX || own >= SUBSCRIPTIONS_PER_OWNER_MAX) {
      refuse("quotaLimit", `${own} subscriptions of this account are there already`);
    }
    for (const place of [request.delivery.notifyTo, request.delivery.endTo]) {
      const problem = place && needs.judgeAddress?.(place.address);
      if (problem !== undefined) refuse("eventDeliverToUnusable", problem, { detail: "UnusableAddress" });
    }
    const expiresMs = Math.min(request.expiresMs ?? SUBSCRIPTION_EXPIRES_MS_DEFAULT, SUBSCRIPTION_EXPIRES_MS_MAX);
    const stored: StoredSubscription = {
      id: formatUuid(random(16)),
      owner,
      delivery: request.delivery,
      filter: filterOf(headers, request),
      expiresAtMs: clock.now() + expiresMs,
      position: startOf(request),
      dropped: 0,
    };
    createEventMatcher(objects, stored.filter); // Refuses a query that makes no sense before anything is kept.
    storage.putSubscription(stored);
    activate(stored);
    log.info({ id: stored.id, owner, mode: request.delivery.mode }, `WS-Eventing: ${owner} has subscribed`);
    return (writer) => {
      writer.open("wse:SubscribeResponse").open("wse:SubscriptionManager").leaf("wsa:Address", headers.to);
      writer.open("wsa:ReferenceParameters");
      writer.leaf("wsman:ResourceURI", headers.resourceUri).leaf("wse:Identifier", `uuid:${stored.id}`).close().close();
      writer.leaf("wse:Expires", formatDuration(expiresMs));
      if (request.delivery.mode === "pull") writer.leaf("wsen:EnumerationContext", `uuid:${stored.id}`);
      writer.close();
    };
  }

  function filterOf(headers: ActionRequest["headers"], { filter }: SubscribeRequest): EventFilter {
    const { namespace, cimClass, uris } = targetOf(objects, headers);
    if (cimClass !== undefined && !isIndication(cimClass, namespace)) {
      refuse("actionNotSupported", `${cimClass.name} is no class of indications`);
    }
    if (filter !== undefined && filter.dialect !== "wql" && filter.dialect !== "cql") {
      refuse("eventingFilteringNotSupported", "events are filtered by WQL or CQL");
    }
    if (cimClass === undefined && filter === undefined) {
      refuse("unsupportedFeature", "all classes need a query", { detail: "FilteringRequired" });
    }
    const query = filter === undefined ? undefined : queryOf(filter);
    return {
      namespace,
      className: cimClass?.name,
      prefix: uris.prefix,
      query: query === undefined ? undefined : { language: query.language, text: query.query },
    };
  }

  /** A subclass of an indication is one, whether its declaration says so again or not. */
  function isIndication(cimClass: CimClass, namespace: string): boolean {
    for (let each = cimClass; ; each = objects.getClass({ namespace, className: each.superclassName })) {
      if (isMarked(each, "Indication")) return true;
      if (each.superclassName === null) return false;
    }
  }

  function startOf({ bookmark }: SubscribeRequest): number {
    const { oldest, newest } = storage.bounds();
    if (bookmark === undefined) return newest;
    const position = readBookmark(bookmark);
    if (position === undefined || (position !== "earliest" && position > newest)) {
      refuse("invalidBookmark", "not one of ours");
    }
    if (position === "earliest") return oldest - 1;
    return position < oldest - 1
      ? refuse("invalidBookmark", "what follows it is gone", { detail: "Expired" })
      : position;
  }

  function find({ headers, owner }: ActionRequest, fault: "unableToRenew" | "invalidMessage"): ActiveSubscription {
    const entry = active.get(bareId(headers.identifier ?? ""));
    if (entry === undefined || entry.subscription.stored.owner !== owner) {
      return refuse(fault, "there is no such subscription of this account");
    }
    return entry.subscription;
  }

  function renew(request: ActionRequest): WriteBody {
    const subscription = find(request, "unableToRenew");
    const text = bodyNamed(request.body, "Renew").childText("Expires", NS.wse) ?? "";
    const wanted = text === "" ? SUBSCRIPTION_EXPIRES_MS_DEFAULT : readExpires(text, clock.now());
    const expiresMs = Math.min(wanted, SUBSCRIPTION_EXPIRES_MS_MAX);
    subscription.renew(clock.now() + expiresMs);
    expireLater(subscription.stored.id);
    return expires("wse:RenewResponse", expiresMs);
  }

  function pull(owner: string, context: string, limits: PullLimits): Promise<Pulled> | undefined {
    const entry = active.get(bareId(context));
    if (entry === undefined || entry.subscription.stored.delivery.mode !== "pull") return undefined;
    if (entry.subscription.stored.owner !== owner) return undefined;
    return entry.subscription.pull(limits);
  }

  return {
    name: "event source",
    async start() {
      for (const stored of storage.subscriptions()) {
        try {
          if (stored.expiresAtMs > clock.now()) activate(stored);
          else storage.deleteSubscription(stored.id);
        } catch (error) {
          // A class that this version no longer has; the subscriber finds out when it renews.
          log.warn(
            { id: stored.id, reason: reasonOf(error) },
            "WS-Eventing: a kept subscription makes no sense any more",
          );
          storage.deleteSubscription(stored.id);
        }
      }
    },
    async stop() {
      for (const { subscription, cancelExpiry } of active.values()) {
        cancelExpiry();
        subscription.stop(); // They are kept, and go on after the next start.
      }
      active.clear();
    },
    handle(request) {
      switch (request.headers.action) {
        case ACTION.subscribe:
          return Promise.resolve(subscribe(request));
        case ACTION.renew:
          return Promise.resolve(renew(request));
        case ACTION.getStatus: {
          const { expiresAtMs } = find(request, "invalidMessage").stored;
          return Promise.resolve(expires("wse:GetStatusResponse", Math.max(0, expiresAtMs - clock.now())));
        }
        case ACTION.unsubscribe: {
          remove(find(request, "invalidMessage").stored.id);
          return Promise.resolve(() => {});
        }
        default:
          return undefined;
      }
    },
    pull,
    release(owner, context) {
      const entry = active.get(bareId(context));
      if (entry?.subscription.stored.delivery.mode !== "pull" || entry.subscription.stored.owner !== owner)
        return false;
      remove(bareId(context));
      return true;
    },
    publish(indication, namespace) {
      if (active.size === 0) return;
      objects.getClass({ namespace, className: indication.className }); // Here, and not when it is delivered, it must fail.
      const text = instanceFragment(indication, { prefix: KEPT_PREFIX, address: ANONYMOUS_ROLE }).toString();
      if (text.length > EVENT_TEXT_MAX) {
        log.warn(
          { className: indication.className, characters: text.length },
          "WS-Eventing: an indication is too long to be sent",
        );
        return;
      }
      storage.append({ className: indication.className, namespace, text });
      for (const { subscription } of active.values()) subscription.wake();
    },
    wants: (className) =>
      [...active.values()].some(({ subscription }) => {
        const { filter } = subscription.stored;
        const isRelated = (name: string) => {
          const { namespace } = filter;
          return (
            objects.isSubclass({ namespace, className: name, ancestor: className }) ||
            objects.isSubclass({ namespace, className, ancestor: name })
          );
        };
        const named = filter.query === undefined ? filter.className : queriedClass(filter.query);
        return named !== undefined && isRelated(named);
      }),
    get subscriptions() {
      return [...active.values()].map(({ subscription }) => ({
        id: subscription.stored.id,
        owner: subscription.stored.owner,
        failures: subscription.failures,
      }));
    },
  };
}

/** The query has been parsed before it was kept. */
function queriedClass({ language, text }: { readonly language: string; readonly text: string }): string {
  return parseQuery(text, languageOf(language)).from;
}

function expires(element: string, ms: number): WriteBody {
  return (writer: XmlWriter) => writer.open(element).leaf("wse:Expires", formatDuration(ms)).close();
}

function bodyNamed(body: readonly XmlElement[], name: string): XmlElement {
  const [element] = body;
  if (element?.is(name, NS.wse) === true && body.length === 1) return element;
  return refuse("invalidMessage", `the body holds no single wse:${name}`);
}

function bareId(id: string): string {
  return id
    .trim()
    .toLowerCase()
    .replace(/^(urn:)?uuid:/, "");
}
