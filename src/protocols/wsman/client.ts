// A client of anybody's WS-Management service: openwsman, OpenPegasus, Windows, a BMC, our own agent. Strict in what it
// sends, lenient in what it reads; each leniency has its reason beside it. Every answer is bounded.

import { CimInstance } from "../../cim/cim-instance.ts";
import type { CimValue } from "../../cim/cim-type.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { PeerError, WireError } from "../../runtime/errors.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { type ClientFilter, writeFilter } from "./client-filter.ts";
import type { WsmanTransport } from "./client-transport.ts";
import { formatDuration, parseExpiration } from "./duration.ts";
import { readEndpointReference, type Selector } from "./endpoint-reference.ts";
import {
  ENUMERATION_MODES,
  type EnumerationMode,
  POLYMORPHISM_MODES,
  type PolymorphismMode,
  readItems,
} from "./enumeration-messages.ts";
import { contentTypeOf, type Envelope, encodeEnvelope, headerOf, readEnvelope, writeEnvelope } from "./envelope.ts";
import { Fault, readFault } from "./fault.ts";
import { type Identity, readIdentity, writeIdentifyRequest } from "./identify.ts";
import {
  clientUriContext,
  pathOfReference,
  readInstance,
  readProperties,
  type TypeOf,
  writeInstance,
} from "./instance-codec.ts";
import { ACTION, ANONYMOUS_IDENTIFY_PATH, NS, WSMAN_PATH } from "./names.ts";
import { resourceUriOf } from "./resource-uri.ts";
import { readSubscribed, type Subscribed, type SubscribeOptions, writeSubscribe } from "./subscribe-message.ts";

/** Of one answer, unless the caller says less. */
export const REPLY_BYTES_MAX = 8 * 1024 * 1024;
/** Items of one enumeration: a server that never ends it harms nobody but itself. */
export const ENUMERATED_MAX = 200_000;
/** Answers to Pull without an item, or TimedOut, one after another. */
export const EMPTY_PULLS_MAX = 10;
/** What a server may put into one answer. Windows allows 500 kB by default. */
const MAX_ENVELOPE_BYTES = 512_000;
const OPERATION_TIMEOUT_MS = 60_000;
/** Items asked for at a time: about what fits into an envelope of that size. */
const PULL_ELEMENTS = 200;
/** On top of an operation's own time, for the way there and back. */
const WAY_MS = 5_000;

export interface WsmanClientNeeds {
  readonly transport: WsmanTransport;
  /** `/wsman` unless the operator says otherwise: Dell's iDRAC and others have their own. */
  readonly path?: string;
  readonly random: Random;
  readonly operationTimeoutMs?: number;
  readonly maxEnvelopeBytes?: number;
  readonly replyBytesMax?: number;
}

/** A class, or with selectors an instance of it. */
export interface Resource {
  readonly className: string;
  /** `root/cimv2`: for the URIs of Windows' WMI, which carry it. */
  readonly windowsNamespace?: string | undefined;
  /** The selector `__cimnamespace`, for everybody else; the server's default when left out. */
  readonly namespace?: string | undefined;
  /** A whole URI instead, for what is neither. */
  readonly resourceUri?: string | undefined;
  readonly keys?: readonly Selector[];
}

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

export interface CallOptions {
  readonly typeOf?: TypeOf;
  readonly signal?: AbortSignal | undefined;
}

/** One request at the level of envelopes, for what has no method of its own. */
export interface RawRequest {
  readonly action: string;
  readonly resource?: Resource | undefined;
  /** wsa:To and the HTTP path of another place than the service's own: a subscription manager. */
  readonly path?: string;
  readonly extraHeaders?: (writer: XmlWriter) => void;
  readonly body?: (writer: XmlWriter) => void;
  readonly isRepeatable?: boolean;
  readonly operationTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export class WsmanClient {
  readonly #needs: WsmanClientNeeds;
  readonly #path: string;

  constructor(needs: WsmanClientNeeds) {
    this.#needs = needs;
    this.#path = needs.path ?? WSMAN_PATH;
  }

  /** `isAnonymous` asks where no credentials are needed. @throws PeerError when the answer is none to Identify. */
  async identify({
    isAnonymous = false,
    signal,
  }: {
    isAnonymous?: boolean;
    signal?: AbortSignal;
  } = {}): Promise<Identity> {
    const path = isAnonymous ? ANONYMOUS_IDENTIFY_PATH : this.#path;
    const { body } = await this.#exchange(writeIdentifyRequest(), {
      path,
      isRepeatable: true,
      timeoutMs: this.#timeoutMs,
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
    const write = (writer: XmlWriter) => writeInstance(writer, instance, this.#uris(resource));
    const { body } = await this.request({ action: ACTION.put, resource, body: write, signal });
    return body[0] === undefined ? undefined : readInstance(body[0], typeOf);
  }

  /** The path of what was made. */
  async create(resource: Resource, instance: CimInstance, { signal }: CallOptions = {}): Promise<ObjectPath> {
    const write = (writer: XmlWriter) => writeInstance(writer, instance, this.#uris(resource));
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
    const action = `${this.#resourceUri(resource)}/${method}`;
    const write = (writer: XmlWriter) => writeInstance(writer, parameters, this.#uris(resource), `${method}_INPUT`);
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
        if (options.filter !== undefined) writeFilter(writer, options.filter, this.#uris(resource));
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
    const uris = this.#uris(resource);
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

  /** The answer's envelope. @throws WsmanFault for a fault, PeerError for an HTTP status without one, ConnectError, WireError. */
  async request(request: RawRequest): Promise<Envelope> {
    const { action, resource, body = () => {}, isRepeatable = false, signal } = request;
    const operationTimeoutMs = request.operationTimeoutMs ?? this.#timeoutMs;
    const messageId = `uuid:${formatUuid(this.#needs.random(16))}`;
    const path = request.path ?? this.#path;
    const selectors: Selector[] = [...(resource?.keys ?? [])];
    if (resource?.namespace !== undefined) selectors.push({ name: "__cimnamespace", value: resource.namespace });
    const text = writeEnvelope(
      {
        action,
        messageId,
        to: `${this.#needs.transport.origin}${path}`,
        wantsReply: true,
        resourceUri: resource === undefined ? undefined : this.#resourceUri(resource),
        selectors,
        operationTimeoutMs,
        maxEnvelopeBytes: this.#needs.maxEnvelopeBytes ?? MAX_ENVELOPE_BYTES,
        extra: request.extraHeaders,
      },
      body,
    );
    const envelope = await this.#exchange(text, { path, isRepeatable, timeoutMs: operationTimeoutMs, signal });
    const relatesTo = headerOf(envelope, "RelatesTo", NS.wsa)?.text.trim();
    if (relatesTo !== undefined && bareId(relatesTo) !== bareId(messageId)) {
      throw new WireError("RelatesTo", `${JSON.stringify(relatesTo.slice(0, 80))} is not the id of what was asked`);
    }
    return envelope;
  }

  async #exchange(
    text: string,
    {
      path,
      isRepeatable,
      timeoutMs,
      signal,
    }: { path: string; isRepeatable: boolean; timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<Envelope> {
    const { transport, replyBytesMax = REPLY_BYTES_MAX } = this.#needs;
    const reply = await transport.exchange({
      path,
      contentType: contentTypeOf("utf-8"),
      body: encodeEnvelope(text, "utf-8"),
      bytesMax: replyBytesMax,
      timeoutMs: timeoutMs + WAY_MS,
      isRepeatable,
      signal,
    });
    // OpenPegasus answers every fault with 500, others with 400: the body says more than the status.
    const isSoap = /xml/i.test(reply.contentType) && reply.body.length > 0;
    if (!isSoap) throw statusError(reply.status);
    const envelope = openEnvelope(parseXml(reply.body, { bytesMax: replyBytesMax }));
    const fault = readFault(envelope.body);
    if (fault !== undefined) throw fault;
    if (reply.status >= 300) throw statusError(reply.status);
    return envelope;
  }

  get #timeoutMs(): number {
    return this.#needs.operationTimeoutMs ?? OPERATION_TIMEOUT_MS;
  }

  #resourceUri({ className, windowsNamespace, resourceUri }: Resource): string {
    return resourceUri ?? resourceUriOf(className, windowsNamespace === undefined ? {} : { windowsNamespace });
  }

  #uris({ windowsNamespace, resourceUri, className }: Resource) {
    const address = `${this.#needs.transport.origin}${this.#path}`;
    if (resourceUri?.endsWith(`/${className}`)) return { prefix: resourceUri.slice(0, -className.length - 1), address };
    return clientUriContext({ address, windowsNamespace });
  }
}

/** What an HTTP status without an envelope means, in words that say what to do. */
function statusError(status: number): PeerError {
  const words: Readonly<Record<number, string>> = {
    401: "the server refuses the account: check name and password, and that Basic authentication is on there",
    403: "the server forbids it to this account",
    404: "nothing answers at this path: check it, and the port",
    405: "it is no WS-Management service: it does not take POST",
    503: "the server is busy or refuses after too many wrong passwords: try again later",
  };
  return new PeerError(`HTTP ${status}`, `HTTP ${status}: ${words[status] ?? "no envelope in the answer"}`);
}

function openEnvelope(root: XmlElement): Envelope {
  try {
    return readEnvelope(root);
  } catch (error) {
    // What is a fault to answer with for a server is a broken answer for a client.
    if (error instanceof Fault) throw new WireError("Envelope", error.message);
    throw error;
  }
}

function onlyElement(body: readonly XmlElement[]): XmlElement {
  return body[0] ?? answeredElse("something in the body", body);
}

function answeredElse(expected: string, [found]: readonly XmlElement[]): never {
  throw new WireError(
    "Body",
    `${found === undefined ? "nothing" : `<${found.name.slice(0, 80)}>`} instead of ${expected}`,
  );
}

/** `uuid:…`, `urn:uuid:…`, capitals or not: peers give an id back in other spellings. */
function bareId(id: string): string {
  return id
    .trim()
    .toLowerCase()
    .replace(/^(urn:)?uuid:/, "");
}

function readItem(item: XmlElement, typeOf: TypeOf | undefined): EnumeratedItem {
  const parts = item.is("Item", NS.wsman) ? item.children : [item];
  const reference = parts.find((part) => part.is("EndpointReference", NS.wsa));
  const object = parts.find((part) => part !== reference);
  const path = reference === undefined ? undefined : pathOfReference(readEndpointReference(reference));
  return { path, instance: object === undefined ? undefined : readInstance(object, typeOf, path ?? null) };
}
