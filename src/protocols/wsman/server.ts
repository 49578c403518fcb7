// A WS-Management service over an object manager, without a transport: an envelope in, an envelope out. http-handler.ts
// puts it behind HTTP, event-source.ts adds the actions of WS-Eventing.

import type { ObjectManager } from "../../cim/object-manager.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf, TimeoutError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { faultOf } from "./cim-faults.ts";
import { enumerateItems } from "./enumerate-operation.ts";
import { createEnumerationContexts, type Pulled, type PullLimits } from "./enumeration-contexts.ts";
import {
  PULL_ITEMS_MAX,
  readContext,
  readEnumerate,
  readPull,
  writeEnumerateAnswer,
  writePullAnswer,
} from "./enumeration-messages.ts";
import { type Charset, type Envelope, encodeEnvelope, readEnvelope, writeEnvelope } from "./envelope.ts";
import { Fault, refuse, writeFault } from "./fault.ts";
import { FAULTS, faultAction, faultStatus } from "./fault-table.ts";
import { isIdentify, type Product, writeIdentity } from "./identify.ts";
import { createItemSource } from "./item-source.ts";
import { ACTION, NS } from "./names.ts";
import { messageIdOf, type RequestHeaders, readRequestHeaders } from "./request-headers.ts";
import {
  createResource,
  deleteResource,
  getResource,
  invokeMethod,
  putResource,
  type WriteBody,
} from "./resource-operations.ts";

/** Of an envelope around the items of an answer, in characters: its headers with the longest MessageID that is taken. */
export const ENVELOPE_OVERHEAD_MAX = 3_072;

export interface WsmanRequest {
  readonly root: XmlElement;
  /** Who was authenticated; undefined where nobody was: only Identify is answered. */
  readonly caller: { readonly user: string; readonly mayChange: boolean } | undefined;
  /** Of the answer. */
  readonly charset: Charset;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export interface WsmanAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** What WS-Eventing adds; each answers with its action and body, or undefined for an action that is none of its own. */
export interface ActionHandler {
  handle(request: ActionRequest): Promise<WriteBody> | undefined;
  /** Items of a context of its own (delivery mode pull), or undefined for a context that is none of its own. */
  pull(owner: string, context: string, limits: PullLimits): Promise<Pulled> | undefined;
  /** True when the context was its own, and is gone. */
  release(owner: string, context: string): boolean;
}

export interface ActionRequest {
  readonly headers: RequestHeaders;
  readonly body: readonly XmlElement[];
  readonly owner: string;
  readonly limits: PullLimits;
  readonly signal: AbortSignal;
}

export interface WsmanServerNeeds {
  readonly objects: ObjectManager;
  readonly product: Product;
  readonly eventing?: ActionHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface WsmanServer {
  /** Never rejects: whatever goes wrong is a fault. */
  handle(request: WsmanRequest): Promise<WsmanAnswer>;
  /** Enumerations that wait for Pull. */
  readonly contexts: number;
  close(): void;
}

export function createWsmanServer(needs: WsmanServerNeeds): WsmanServer {
  const { objects, clock, random, log } = needs;
  const contexts = createEnumerationContexts({ clock, random });
  const newMessageId = () => `uuid:${formatUuid(random(16))}`;

  async function dispatch(request: ActionRequest): Promise<{ body: WriteBody; extra?: WriteBody | undefined }> {
    const { headers, body, signal } = request;
    const resource = { objects, headers, body, signal };
    switch (headers.action) {
      case ACTION.get:
        return { body: await getResource(resource) };
      case ACTION.put:
        return { body: await putResource(resource) };
      case ACTION.create:
        return { body: await createResource(resource) };
      case ACTION.delete:
        return { body: await deleteResource(resource) };
      case ACTION.enumerate:
        return enumerate(request);
      case ACTION.pull:
        return pull(request);
      case ACTION.release: {
        const id = readContext(bodyNamed(body, "Release")) ?? refuse("invalidEnumerationContext", "none is given");
        if (needs.eventing?.release(request.owner, id) !== true) contexts.release(request.owner, id);
        return { body: () => {} };
      }
      default: {
        const answer = needs.eventing?.handle(request);
        if (answer !== undefined) return { body: await answer };
        // The standards' own actions are never methods of a class.
        if (headers.action.startsWith("http://schemas.xmlsoap.org/"))
          refuse("actionNotSupported", headers.action.slice(0, 200));
        return { body: await invokeMethod(resource) };
      }
    }
  }

  async function enumerate({ headers, body, owner, limits }: ActionRequest) {
    const request = readEnumerate(bodyNamed(body, "Enumerate"), clock.now());
    // Lives as long as the enumeration, not as the request.
    const ended = new AbortController();
    const items = enumerateItems(objects, headers, request, ended.signal);
    const source = createItemSource(items, clock);
    const closing = {
      pull: source.pull,
      close() {
        ended.abort();
        source.close();
      },
    };
    const estimate = (known: number | undefined) =>
      headers.wantsEstimate ? (writer: XmlWriter) => writeEstimate(writer, known) : undefined;
    if (!request.optimize) {
      try {
        await source.begin(limits.timeoutMs);
      } catch (error) {
        closing.close();
        throw error;
      }
      const { id, expiresMs } = contexts.add(owner, closing, request.expiresMs);
      return {
        body: (w: XmlWriter) => writeEnumerateAnswer(w, { context: id, expiresMs, items: undefined }),
        extra: estimate(undefined),
      };
    }
    let first: { readonly items: readonly XmlFragment[]; readonly ended: boolean };
    try {
      first = await closing.pull({ ...limits, itemsMax: Math.min(request.maxElements, limits.itemsMax) });
    } catch (error) {
      closing.close();
      throw error;
    }
    if (first.ended) {
      closing.close();
      return {
        body: (w: XmlWriter) => writeEnumerateAnswer(w, { context: undefined, expiresMs: 0, items: first.items }),
        extra: estimate(first.items.length),
      };
    }
    const { id, expiresMs } = contexts.add(owner, closing, request.expiresMs);
    return {
      body: (w: XmlWriter) => writeEnumerateAnswer(w, { context: id, expiresMs, items: first.items }),
      extra: estimate(undefined),
    };
  }

  async function pull({ headers, body, owner, limits }: ActionRequest) {
    const request = readPull(bodyNamed(body, "Pull"));
    const pullLimits = {
      ...limits,
      itemsMax: Math.min(request.maxElements, limits.itemsMax),
      charactersMax: request.maxCharacters ?? limits.charactersMax,
      timeoutMs: Math.min(request.maxTimeMs ?? limits.timeoutMs, limits.timeoutMs),
    };
    const ofEvents = needs.eventing?.pull(owner, request.context, pullLimits);
    const pulled = await (ofEvents ?? contexts.pull(owner, request.context, pullLimits));
    const context = pulled.ended ? undefined : request.context;
    return {
      body: (writer: XmlWriter) => writePullAnswer(writer, context, pulled.items),
      extra: headers.wantsEstimate ? (writer: XmlWriter) => writeEstimate(writer, undefined) : undefined,
    };
  }

  async function answer(envelope: Envelope, { caller, charset, signal }: WsmanRequest): Promise<Buffer> {
    if (isIdentify(envelope)) {
      // DSP0226 §11: no headers of WS-Addressing, neither there nor back.
      return encodeEnvelope(
        writeBare((writer) => writeIdentity(writer, needs.product, { isKnown: caller !== undefined })),
        charset,
      );
    }
    if (caller === undefined) refuse("accessDenied", "sign in first");
    const headers = readRequestHeaders(envelope);
    if (!caller.mayChange && !isReading(headers.action))
      refuse("accessDenied", "this account may read and subscribe only");
    const owner = caller.user;
    const bytesOf = (item: XmlFragment) => byteLength(item.toString(), charset);
    const limits: PullLimits = {
      itemsMax: PULL_ITEMS_MAX,
      charactersMax: Number.MAX_SAFE_INTEGER,
      bytesMax: headers.maxEnvelopeBytes - ENVELOPE_OVERHEAD_MAX * (charset === "utf-16" ? 2 : 1),
      bytesOf,
      // A little less than what the client waits, so that its answer comes in time.
      timeoutMs: Math.ceil(headers.operationTimeoutMs * 0.9),
    };
    const { body, extra } = await withinTime(headers.operationTimeoutMs, signal, (operation) =>
      dispatch({ headers, body: envelope.body, owner, limits, signal: operation }),
    );
    const text = writeEnvelope(
      { action: `${headers.action}Response`, messageId: newMessageId(), relatesTo: headers.messageId, extra },
      body,
    );
    const bytes = encodeEnvelope(text, charset);
    if (bytes.length <= headers.maxEnvelopeBytes) return bytes;
    const isDone = ![ACTION.get, ACTION.enumerate, ACTION.pull].includes(headers.action as typeof ACTION.get);
    return refuse("encodingLimit", `the answer takes ${bytes.length} bytes`, {
      detail: isDone ? "UnreportableSuccess" : "MaxEnvelopeSize",
    });
  }

  /** The operation's result, or the fault TimedOut; the operation is told to end when its time is over or the client has gone. */
  function withinTime<T>(
    timeoutMs: number,
    client: AbortSignal,
    operation: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const signal = AbortSignal.any([client, controller.signal]);
    return new Promise((resolve, reject) => {
      const cancel = clock.after(timeoutMs, () => {
        controller.abort();
        reject(new TimeoutError("the operation", timeoutMs));
      });
      operation(signal).then(resolve, reject).finally(cancel);
    });
  }

  return {
    async handle(request) {
      let relatesTo: string | undefined;
      try {
        const envelope = readEnvelope(request.root);
        relatesTo = messageIdOf(envelope)?.slice(0, 256);
        return { status: 200, body: await answer(envelope, request) };
      } catch (error) {
        const known = faultOf(error);
        // What we did not foresee is for our log; a stranger learns that there was something.
        if (known === undefined)
          log.error({ reason: reasonOf(error) }, `WS-Management: a request failed: ${reasonOf(error)}`);
        return faultAnswer(known ?? new Fault("internalError", ""), {
          relatesTo,
          charset: request.charset,
          messageId: newMessageId(),
        });
      }
    },
    get contexts() {
      return contexts.size;
    },
    close: () => contexts.close(),
  };
}

/** All that changes nothing on the host. What an unknown action does, its name does not say: it counts as a change. */
function isReading(action: string): boolean {
  return action === ACTION.get || action.startsWith(`${NS.wsen}/`) || action.startsWith(`${NS.wse}/`);
}

/** The answer that carries a fault. */
export function faultAnswer(
  fault: Fault,
  {
    relatesTo,
    charset,
    messageId,
  }: { readonly relatesTo: string | undefined; readonly charset: Charset; readonly messageId: string },
): WsmanAnswer {
  const row = FAULTS[fault.fault];
  const extra = (writer: XmlWriter) => {
    for (const { namespace, name } of fault.notUnderstood) {
      // SOAP 1.2 part 1 §5.4.8: the name is qualified by a prefix of this very element.
      writer.leaf("s:NotUnderstood", "", { qname: `q:${name}`, "xmlns:q": namespace });
    }
  };
  const text = writeEnvelope({ action: faultAction(row), messageId, relatesTo, extra }, (writer) =>
    writeFault(writer, fault),
  );
  return { status: faultStatus(row), body: encodeEnvelope(text, charset) };
}

/** The child of the body that an action needs. @throws Fault. */
function bodyNamed(body: readonly XmlElement[], name: string): XmlElement {
  const [element] = body;
  if (element?.is(name, NS.wsen) === true && body.length === 1) return element;
  return refuse("schemaValidationError", `the body holds no single wsen:${name}`);
}

function writeEstimate(writer: XmlWriter, count: number | undefined): void {
  if (count === undefined) writer.leaf("wsman:TotalItemsCountEstimate", "", { "xsi:nil": "true" });
  else writer.leaf("wsman:TotalItemsCountEstimate", String(count));
}

function byteLength(text: string, charset: Charset): number {
  return charset === "utf-16" ? text.length * 2 : Buffer.byteLength(text);
}

function writeBare(body: WriteBody): string {
  return writeEnvelope({}, body);
}
