// The ground of the client: one envelope there, one back, whatever is in them.

import { PeerError, WireError } from "../../runtime/errors.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import type { WsmanTransport } from "./client-transport.ts";
import type { Selector } from "./endpoint-reference.ts";
import { contentTypeOf, type Envelope, encodeEnvelope, headerOf, readEnvelope, writeEnvelope } from "./envelope.ts";
import { Fault, readFault } from "./fault.ts";
import { clientUriContext } from "./instance-codec.ts";
import { NS, WSMAN_PATH } from "./names.ts";
import { resourceUriOf } from "./resource-uri.ts";

/** Of one answer, unless the caller says less. */
export const REPLY_BYTES_MAX = 8 * 1024 * 1024;
/** What a server may put into one answer. Windows allows 500 kB by default. */
const MAX_ENVELOPE_BYTES = 512_000;
export const OPERATION_TIMEOUT_MS = 60_000;
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

export class EnvelopeClient {
  readonly #needs: WsmanClientNeeds;
  protected readonly path: string;

  constructor(needs: WsmanClientNeeds) {
    this.#needs = needs;
    this.path = needs.path ?? WSMAN_PATH;
  }

  /** The answer's envelope. @throws WsmanFault for a fault, PeerError for an HTTP status without one, ConnectError, WireError. */
  async request(request: RawRequest): Promise<Envelope> {
    const { action, resource, body = () => {}, isRepeatable = false, signal } = request;
    const operationTimeoutMs = request.operationTimeoutMs ?? this.timeoutMs;
    const messageId = `uuid:${formatUuid(this.#needs.random(16))}`;
    const path = request.path ?? this.path;
    const selectors: Selector[] = [...(resource?.keys ?? [])];
    if (resource?.namespace !== undefined) selectors.push({ name: "__cimnamespace", value: resource.namespace });
    const text = writeEnvelope(
      {
        action,
        messageId,
        to: `${this.#needs.transport.origin}${path}`,
        wantsReply: true,
        resourceUri: resource === undefined ? undefined : this.resourceUri(resource),
        selectors,
        operationTimeoutMs,
        maxEnvelopeBytes: this.#needs.maxEnvelopeBytes ?? MAX_ENVELOPE_BYTES,
        extra: request.extraHeaders,
      },
      body,
    );
    const envelope = await this.exchange(text, { path, isRepeatable, timeoutMs: operationTimeoutMs, signal });
    const relatesTo = headerOf(envelope, "RelatesTo", NS.wsa)?.text.trim();
    if (relatesTo !== undefined && bareId(relatesTo) !== bareId(messageId)) {
      throw new WireError("RelatesTo", `${JSON.stringify(relatesTo.slice(0, 80))} is not the id of what was asked`);
    }
    return envelope;
  }

  /** One exchange of envelopes as they are. */
  protected async exchange(
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

  protected get timeoutMs(): number {
    return this.#needs.operationTimeoutMs ?? OPERATION_TIMEOUT_MS;
  }

  protected resourceUri({ className, windowsNamespace, resourceUri }: Resource): string {
    return resourceUri ?? resourceUriOf(className, windowsNamespace === undefined ? {} : { windowsNamespace });
  }

  protected uris({ windowsNamespace, resourceUri, className }: Resource) {
    const address = `${this.#needs.transport.origin}${this.path}`;
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

/** The first element of a body. @throws WireError where it is empty. */
export function onlyElement(body: readonly XmlElement[]): XmlElement {
  return body[0] ?? answeredElse("something in the body", body);
}

/** @throws WireError, always. */
export function answeredElse(expected: string, [found]: readonly XmlElement[]): never {
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
