// A client of anybody's WS-Management service: openwsman, OpenPegasus, Windows, a BMC, our own agent. Strict in what it
// sends, lenient in what it reads; each leniency has its reason beside it. Every answer is bounded.

import { CimInstance } from "../../cim/cim-instance.ts";
import type { CimValue } from "../../cim/cim-type.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { type Clock, pause } from "../../runtime/clock.ts";
import { PeerError, WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { type ClientFilter, writeFilter } from "./client-filter.ts";
import { answeredElse, EnvelopeClient, OPERATION_TIMEOUT_MS, onlyElement, type Resource } from "./client-request.ts";
import { formatDuration, parseExpiration } from "./duration.ts";
import { readEndpointReference } from "./endpoint-reference.ts";
import {
  ENUMERATION_MODES,
  type EnumerationMode,
  POLYMORPHISM_MODES,
  type PolymorphismMode,
  readItems,
} from "./enumeration-messages.ts";
import { type Identity, readIdentity, writeIdentifyRequest } from "./identify.ts";
import { pathOfReference, readInstance, readProperties, type TypeOf, writeInstance } from "./instance-codec.ts";
import { ACTION, ANONYMOUS_IDENTIFY_PATH, NS } from "./names.ts";
import { readSubscribed, type Subscribed, type SubscribeOptions, writeSubscribe } from "./subscribe-message.ts";

/** Items of one enumeration: a server that never ends it harms nobody but itself. */
export const ENUMERATED_MAX = 200_000;
/** Answers to Pull without an item, or TimedOut, one after another. */
export const EMPTY_PULLS_MAX = 10;
/** Items asked for at a time: about what fits into an envelope of that size. */
const PULL_ELEMENTS = 200;

export interface EnumerateOptions {
  readonly filter?: ClientFilter | undefined;
  readonly mode?: EnumerationMode;
  readonly polymorphism?: PolymorphismMode;
  readonly maxElements?: number;
  /** What is known of the class, so that values come typed. */
  readonly typeOf?: TypeOf;
  readonly signal?: AbortSignal | undefined;
}

export interface ClientSubscribe extends Omit<SubscribeOptions, "writeFilter"> {
  readonly filter?: ClientFilter;
}

/** One item: what the mode asked for is there. */
export interface EnumeratedItem {
  readonly instance: CimInstance | undefined;
  readonly path: ObjectPath | undefined;
}

/** Of a subscription that is followed; long enough for a server that is slow, short enough to be forgotten soon. */
const FOLLOW_EXPIRES_MS = 600_000;
/** How long one pull waits for news. Well below the time that an operation may take. */
const FOLLOW_PULL_MS = 20_000;
/** The least time between two pulls of which the first brought nothing. */
const FOLLOW_REST_MS = 2_000;

export interface CallOptions {
  readonly typeOf?: TypeOf;
  readonly signal?: AbortSignal | undefined;
}

export class WsmanClient extends EnvelopeClient {
  /** `isAnonymous` asks where no credentials are needed. @throws PeerError when the answer is none to Identify. */
  async identify({
    isAnonymous = false,
    signal,
  }: {
    isAnonymous?: boolean;
    signal?: AbortSignal;
  } = {}): Promise<Identity> {
    const path = isAnonymous ? ANONYMOUS_IDENTIFY_PATH : this.path;
    const { body } = await this.exchange(writeIdentifyRequest(), {
      path,
      isRepeatable: true,
      timeoutMs: this.timeoutMs,
      signal,
    });
    return readIdentity(body) ?? answeredElse("IdentifyResponse", body);
  }

  async get(resource: Resource, { typeOf, signal }: CallOptions = {}): Promise<CimInstance> {
    const { body } = await this.request({ action: ACTION.get, resource, isRepeatable: true, signal });
    return readInstance(onlyElement(body), typeOf);
  }

  /** The instance as it is afterwards; undefined where the server does not say. */
  async put(
    resource: Resource,
    instance: CimInstance,
    { typeOf, signal }: CallOptions = {},
  ): Promise<CimInstance | undefined> {
    const write = (writer: XmlWriter) => writeInstance(writer, instance, this.uris(resource));
    const { body } = await this.request({ action: ACTION.put, resource, body: write, signal });
    return body[0] === undefined ? undefined : readInstance(body[0], typeOf);
  }

  /** The path of what was made. */
  async create(resource: Resource, instance: CimInstance, { signal }: CallOptions = {}): Promise<ObjectPath> {
    const write = (writer: XmlWriter) => writeInstance(writer, instance, this.uris(resource));
    const { body } = await this.request({ action: ACTION.create, resource, body: write, signal });
    const created = onlyElement(body);
    // DSP0226 §7.6 has the reference's parts in wxf:ResourceCreated; some servers put a whole reference into it.
    return pathOfReference(readEndpointReference(created.child("EndpointReference", NS.wsa) ?? created));
  }

  async delete(resource: Resource, { signal }: CallOptions = {}): Promise<void> {
    await this.request({ action: ACTION.delete, resource, signal });
  }

  /** `parameters` as properties of an instance of the class, so that their types and order are the caller's. */
  async invoke(
    resource: Resource,
    method: string,
    parameters: CimInstance,
    { typeOf, signal }: CallOptions = {},
  ): Promise<{ readonly returnValue: CimValue; readonly output: CimInstance }> {
    const action = `${this.resourceUri(resource)}/${method}`;
    const write = (writer: XmlWriter) => writeInstance(writer, parameters, this.uris(resource), `${method}_INPUT`);
    const { body } = await this.request({ action, resource, body: write, signal });
    const answer = onlyElement(body);
    const properties = readProperties(answer.children, typeOf);
    const returnValue = properties.find(({ name }) => name === "ReturnValue")?.value ?? null;
    const output = new CimInstance({
      className: resource.className,
      properties: properties.filter(({ name }) => name !== "ReturnValue"),
    });
    return { returnValue, output };
  }

  /** Items as they come. Leaving the loop releases the enumeration. @throws WsmanFault, ConnectError, WireError. */
  async *enumerate(resource: Resource, options: EnumerateOptions = {}): AsyncGenerator<EnumeratedItem, void> {
    const { mode = "object", polymorphism, maxElements = PULL_ELEMENTS, signal } = options;
    const first = await this.request({
      action: ACTION.enumerate,
      resource,
      isRepeatable: true,
      signal,
      body: (writer) => {
        writer.open("wsen:Enumerate");
        writer.leaf("wsman:OptimizeEnumeration").leaf("wsman:MaxElements", String(maxElements));
        if (mode !== "object") writer.leaf("wsman:EnumerationMode", ENUMERATION_MODES[mode]);
        if (polymorphism !== undefined) writer.leaf("wsmb:PolymorphismMode", POLYMORPHISM_MODES[polymorphism]);
        if (options.filter !== undefined) writeFilter(writer, options.filter, this.uris(resource));
        writer.close();
      },
    });
    let { items, context } = readItems(onlyElement(first.body));
    let count = 0;
    let empty = 0;
    try {
      for (;;) {
        for (const item of items) {
          count += 1;
          if (count > ENUMERATED_MAX) throw new WireError("Items", `more than ${ENUMERATED_MAX} in one enumeration`);
          yield readItem(item, options.typeOf);
        }
        if (context === undefined) return;
        empty = items.length === 0 ? empty + 1 : 0;
        // An unoptimised first answer has none; after that a server that gives nothing and does not end is broken.
        if (empty > EMPTY_PULLS_MAX)
          throw new WireError("Items", `${EMPTY_PULLS_MAX} answers in a row without an item`);
        ({ items, context } = await this.#pull(resource, context, { maxElements, signal }));
      }
    } finally {
      if (context !== undefined) await this.#release(resource, context);
    }
  }

  async #pull(
    resource: Resource,
    context: string,
    { maxElements, maxTimeMs, signal }: { maxElements: number; maxTimeMs?: number; signal: AbortSignal | undefined },
  ): Promise<{ items: readonly XmlElement[]; context: string | undefined }> {
    try {
      const { body } = await this.request({
        action: ACTION.pull,
        resource,
        signal,
        body: (writer) => {
          writer.open("wsen:Pull").leaf("wsen:EnumerationContext", context);
          if (maxTimeMs !== undefined) writer.leaf("wsen:MaxTime", formatDuration(maxTimeMs));
          writer.leaf("wsen:MaxElements", String(maxElements)).close();
        },
      });
      return readItems(onlyElement(body));
    } catch (error) {
      // Nothing came in time, and the enumeration goes on (DSP0226 §8.4).
      const isLater =
        error instanceof PeerError && error.code.endsWith(":TimedOut") && error.code.startsWith("Receiver");
      if (isLater && "namespace" in error && error.namespace === NS.wsman) return { items: [], context };
      throw error;
    }
  }

  async #release(resource: Resource, context: string): Promise<void> {
    const body = (writer: XmlWriter) => {
      writer.open("wsen:Release").leaf("wsen:EnumerationContext", context).close();
    };
    // It ends by itself, too: whether the server answered does not matter to the caller.
    await this.request({ action: ACTION.release, resource, body }).catch(() => {});
  }

  /** @throws WsmanFault; WireError for an answer that is none to Subscribe. */
  async subscribe(
    resource: Resource,
    options: ClientSubscribe,
    nowMs: number,
    { signal }: CallOptions = {},
  ): Promise<Subscribed> {
    const { filter } = options;
    const uris = this.uris(resource);
    const { body } = await this.request({
      action: ACTION.subscribe,
      resource,
      signal,
      body: (writer) =>
        writeSubscribe(writer, {
          ...options,
          ...(filter === undefined ? {} : { writeFilter: (w) => writeFilter(w, filter, uris) }),
        }),
    });
    const answer =
      body.find((element) => element.is("SubscribeResponse", NS.wse)) ?? answeredElse("SubscribeResponse", body);
    return readSubscribed(answer, nowMs);
  }

  /** How long it lasts from now on; undefined where the source does not say. */
  async renew(
    subscription: Subscribed,
    expiresMs: number,
    nowMs: number,
    { signal }: CallOptions = {},
  ): Promise<number | undefined> {
    const [answer] = await this.#manage(ACTION.renew, subscription, signal, (writer) =>
      writer.open("wse:Renew").leaf("wse:Expires", formatDuration(expiresMs)).close(),
    );
    const text = answer?.childText("Expires", NS.wse);
    return text === undefined ? undefined : parseExpiration(text, nowMs);
  }

  /** How long it still lasts. @throws WsmanFault where it is gone. */
  async status(subscription: Subscribed, nowMs: number, { signal }: CallOptions = {}): Promise<number | undefined> {
    const [answer] = await this.#manage(ACTION.getStatus, subscription, signal, (writer) =>
      writer.leaf("wse:GetStatus"),
    );
    const text = answer?.childText("Expires", NS.wse);
    return text === undefined ? undefined : parseExpiration(text, nowMs);
  }

  async unsubscribe(subscription: Subscribed, { signal }: CallOptions = {}): Promise<void> {
    await this.#manage(ACTION.unsubscribe, subscription, signal, (writer) => writer.leaf("wse:Unsubscribe"));
  }

  /** The events of a pull subscription that came within `maxTimeMs`; none is no error. */
  async pullEvents(
    resource: Resource,
    context: string,
    {
      maxElements = PULL_ELEMENTS,
      maxTimeMs = OPERATION_TIMEOUT_MS,
      signal,
    }: { maxElements?: number; maxTimeMs?: number; signal?: AbortSignal } = {},
  ): Promise<readonly CimInstance[]> {
    const { items } = await this.#pull(resource, context, { maxElements, maxTimeMs, signal });
    return items.map((item) => readInstance(item));
  }

  /**
   * Indications as they come, by a subscription of the mode pull, which needs no listener here and no way back to here;
   * it is renewed while the loop goes on, and taken away when it ends.
   */
  async *followEvents(
    resource: Resource,
    { filter, clock, signal }: { readonly filter?: ClientFilter; readonly clock: Clock; readonly signal: AbortSignal },
  ): AsyncGenerator<CimInstance, void> {
    const wanted = { mode: "pull", expiresMs: FOLLOW_EXPIRES_MS, ...(filter === undefined ? {} : { filter }) } as const;
    const subscription = await this.subscribe(resource, wanted, clock.now(), { signal });
    const { context } = subscription;
    if (context === undefined) throw new WireError("SubscribeResponse", "no context to pull from");
    let renewAt = clock.monotonic() + FOLLOW_EXPIRES_MS / 2;
    try {
      while (!signal.aborted) {
        const startedAt = clock.monotonic();
        const events = await this.pullEvents(resource, context, { maxTimeMs: FOLLOW_PULL_MS, signal });
        yield* events;
        // openwsman answers at once that nothing came, whatever time it was given: asked anew at once it would be asked
        // a hundred times a second.
        const restMs = startedAt + FOLLOW_REST_MS - clock.monotonic();
        if (events.length === 0 && restMs > 0) await pause(clock, restMs, signal);
        if (clock.monotonic() < renewAt) continue;
        await this.renew(subscription, FOLLOW_EXPIRES_MS, clock.now(), { signal });
        renewAt = clock.monotonic() + FOLLOW_EXPIRES_MS / 2;
      }
    } finally {
      // It ends by itself, too.
      await this.unsubscribe(subscription).catch(() => {});
    }
  }

  async #manage(
    action: string,
    { identifier, managerPath }: Subscribed,
    signal: AbortSignal | undefined,
    body: (writer: XmlWriter) => void,
  ): Promise<readonly XmlElement[]> {
    const answer = await this.request({
      action,
      ...(managerPath === undefined ? {} : { path: managerPath }),
      extraHeaders: (writer) => writer.leaf("wse:Identifier", identifier),
      body,
      isRepeatable: true,
      signal,
    });
    return answer.body;
  }
}

function readItem(item: XmlElement, typeOf: TypeOf | undefined): EnumeratedItem {
  const parts = item.is("Item", NS.wsman) ? item.children : [item];
  const reference = parts.find((part) => part.is("EndpointReference", NS.wsa));
  const object = parts.find((part) => part !== reference);
  const path = reference === undefined ? undefined : pathOfReference(readEndpointReference(reference));
  return { path, instance: object === undefined ? undefined : readInstance(object, typeOf, path ?? null) };
}
