import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { CIM_STATUS, CimError } from "../../cim/cim-error.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { tidyNamespace } from "../../cim/object-path.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf, WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import { sendDocument, sendPieces, sendRefusal } from "./answer.ts";
import { EnumerationContexts } from "./enumeration-contexts.ts";
import { callMethod } from "./extrinsic-call.ts";
import { runIntrinsic } from "./intrinsic-operations.ts";
import {
  BATCH_OPERATIONS_MAX,
  OPERATION_TIMEOUT_MS,
  REQUEST_BYTES_MAX,
  REQUEST_NODES_MAX,
  REQUESTS_AT_ONCE_MAX,
  REQUESTS_PER_USER_MAX,
} from "./limits.ts";
import {
  frameOfResponse,
  type Message,
  ReturnItem,
  readMessage,
  type SimpleRequest,
  type SimpleResponse,
  writeMessage,
} from "./message-elements.ts";
import type { IntrinsicAnswer, OperationContext } from "./operation.ts";
import { isRefusal, judgeHead, mismatch, type Refusal, type RequestHead } from "./request-head.ts";
import { judgeVersions, readXmlBody } from "./xml-body.ts";

// A CIM server over HTTP (DSP0200): a request handler for a listener of src/net. What a request may be is judged in this
// order: headers, who sends it, how much is under way, then its body. Whatever goes wrong harms this request alone.

/** Who sends a request, or how to refuse it: 401 with a challenge, 503 to come again. */
export type Caller =
  | { readonly known: true; readonly user: string; readonly mayChange: boolean }
  | ({ readonly known: false } & Refusal);

export interface CimXmlServerNeeds {
  readonly manager: ObjectManager;
  readonly identify: (request: IncomingMessage) => Promise<Caller>;
  /** How this computer is named in whole paths. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface CimXmlServer {
  readonly handle: RequestListener;
  /** Closes open enumerations; requests under way end with their connections. */
  stop(): void;
}

export function createCimXmlServer(needs: CimXmlServerNeeds): CimXmlServer {
  const { manager, identify, hostName, clock, random, log } = needs;
  const enumerations = new EnumerationContexts<ReturnItem>({ clock, random });
  const busy = new Map<string, number>();
  let busyInAll = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = judgeHead(request, "operation");
    if (isRefusal(head)) return refuse(request, response, head);
    const caller = await identify(request);
    if (!caller.known) return refuse(request, response, caller);
    const { user, mayChange } = caller;
    const own = busy.get(user) ?? 0;
    if (busyInAll >= REQUESTS_AT_ONCE_MAX || own >= REQUESTS_PER_USER_MAX) {
      const reason = "too many requests are under way";
      return refuse(request, response, { status: 503, reason, headers: { "retry-after": "1" } });
    }
    busyInAll += 1;
    busy.set(user, own + 1);
    const abort = new AbortController();
    const cancelTimeout = clock.after(OPERATION_TIMEOUT_MS, () => abort.abort());
    response.once("close", () => abort.abort());
    try {
      const context = { manager, user, mayChange, hostName, enumerations, signal: abort.signal };
      await answerRequest(request, response, head, context);
    } finally {
      cancelTimeout();
      busyInAll -= 1;
      const left = (busy.get(user) ?? 1) - 1;
      if (left === 0) busy.delete(user);
      else busy.set(user, left);
    }
  }

  async function answerRequest(
    request: IncomingMessage,
    response: ServerResponse,
    head: RequestHead,
    context: OperationContext,
  ): Promise<void> {
    const message = await readRequest(request, head);
    if (isRefusal(message)) return sendRefusal(response, message);
    const { id, body } = message;
    const answered = { family: "operation", acceptsGzip: head.acceptsGzip } as const;
    if (body.kind === "requests") {
      const value = await runBatch(body.value, context);
      return sendDocument(response, writeMessage(id, { kind: "responses", value }), answered);
    }
    const call = (body as { readonly value: SimpleRequest }).value;
    const answer = await tried(call, () =>
      call.kind === "intrinsic" ? runIntrinsic(call.value, context) : runExtrinsic(call, context),
    );
    if (answer.kind !== "items") {
      const value = answer.kind === "response" ? answer.value : await collect(call.value.name, answer);
      return sendDocument(response, writeMessage(id, { kind: "response", value }), answered);
    }
    try {
      await sendPieces(response, frameOfResponse(id, call.value.name), pieces(answer.items), {
        ...answered,
        acceptsTrailers: /(?:^|,)\s*trailers\b/i.test(String(request.headers.te ?? "")),
        explain: (error) => explain(error),
      });
    } catch (error) {
      if (response.headersSent || response.destroyed) throw error;
      const value = failed(call, error);
      await sendDocument(response, writeMessage(id, { kind: "response", value }), answered);
    }
  }

  /** Not a CIM error: something of ours broke, which is told here and not to strangers. */
  function explain(error: unknown): { status: number; description: string } {
    if (error instanceof CimError) return { status: error.status, description: error.message };
    if (error instanceof WireError) return { status: CIM_STATUS.INVALID_PARAMETER, description: error.message };
    log.error({ reason: reasonOf(error) }, "a CIM operation failed");
    return { status: CIM_STATUS.FAILED, description: "the operation failed: this computer's log says why" };
  }

  function failed(call: SimpleRequest, error: unknown): SimpleResponse {
    const { status, description } = explain(error);
    const told = { code: status, description, details: [] };
    const value = { name: call.value.name, error: told, returned: undefined, parameters: [] };
    return { kind: call.kind, value };
  }

  type Answered = IntrinsicAnswer | { readonly kind: "response"; readonly value: SimpleResponse };

  async function tried(call: SimpleRequest, run: () => Promise<Answered>): Promise<Answered> {
    try {
      return await run();
    } catch (error) {
      return { kind: "response", value: failed(call, error) };
    }
  }

  /** DSP0200 §5.4.2: each on its own, one after the other, an answer for each in the same order. */
  async function runBatch(calls: readonly SimpleRequest[], context: OperationContext): Promise<SimpleResponse[]> {
    const responses: SimpleResponse[] = [];
    for (const call of calls) {
      const answer = await tried(call, () =>
        call.kind === "intrinsic" ? runIntrinsic(call.value, context) : runExtrinsic(call, context),
      );
      if (answer.kind === "response") responses.push(answer.value);
      else responses.push(await collect(call.value.name, answer).catch((error: unknown) => failed(call, error)));
    }
    return responses;
  }

  async function runExtrinsic(
    call: SimpleRequest & { kind: "extrinsic" },
    context: OperationContext,
  ): Promise<Answered> {
    return { kind: "response", value: { kind: "extrinsic", value: await callMethod(call.value, context) } };
  }

  return {
    handle(request, response) {
      serve(request, response).catch((error: unknown) => {
        if (request.errored || request.destroyed || response.destroyed) return; // The client has gone.
        log.error({ reason: reasonOf(error) }, "a CIM-XML request failed");
        sendRefusal(response, { status: 500, reason: "this request failed: this computer's log says why" });
        if (response.headersSent && !response.writableEnded) response.destroy();
      });
    },
    stop: () => enumerations.closeAll(),
  };
}

/** Reads what is left of a short body before saying no, so that the client sees the answer and keeps the connection. */
async function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): Promise<void> {
  let left = REFUSED_BODY_BYTES_MAX;
  if (Number(request.headers["content-length"] ?? 0) <= left) {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      left -= (chunk as Buffer).length;
      if (left < 0) break;
    }
  }
  sendRefusal(response, refusal);
}
/** curl and what is built on it sends its request at once, without an account, and repeats it after 401. */
const REFUSED_BODY_BYTES_MAX = 64 * 1024;

async function readRequest(request: IncomingMessage, head: RequestHead): Promise<Message | Refusal> {
  const bounds = { bytesMax: REQUEST_BYTES_MAX, nodesMax: REQUEST_NODES_MAX, charset: head.charset };
  const root = await readXmlBody(request, bounds);
  if (isRefusal(root)) return root;
  const refusal = judgeVersions(root);
  if (refusal !== undefined) return refusal;
  let message: Message;
  try {
    message = readMessage(root);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { status: 400, cimError: "request-not-valid", reason: error.message };
  }
  return judgeBody(message, head) ?? message;
}

/** What the headers announce and what the body holds must be the same (DSP0200 §6.3.5 to §6.3.9). */
function judgeBody({ body }: Message, head: RequestHead): Refusal | undefined {
  if (body.kind === "requests") {
    if (head.kind !== "batch") return mismatch("the body holds several operations, and there is no CIMBatch");
    if (body.value.length <= BATCH_OPERATIONS_MAX) return undefined;
    const reason = `more than ${BATCH_OPERATIONS_MAX} operations in one request`;
    return { status: 501, cimError: "multiple-requests-unsupported", reason };
  }
  if (body.kind !== "request")
    return { status: 400, cimError: "request-not-valid", reason: "no request of an operation" };
  if (head.kind === "batch") return mismatch("CIMBatch is there, and the body holds one operation");
  const { name } = body.value.value;
  if (head.method.toLowerCase() !== name.toLowerCase())
    return mismatch(`CIMMethod is ${JSON.stringify(head.method)}, the body calls ${JSON.stringify(name)}`);
  const expected = body.value.kind === "intrinsic" ? body.value.value.namespace : body.value.value.path.toCimObject();
  if (isSameObject(head.object ?? "", expected)) return undefined;
  return mismatch(`CIMObject is ${JSON.stringify(head.object)}, the body is about ${JSON.stringify(expected)}`);
}

/** Namespace and class, without the keys: those have several spellings (quotes, escapes, order) and decide nothing here. */
function isSameObject(header: string, body: string): boolean {
  const place = (text: string) => {
    const [, namespace = "", className = ""] = /^([^:]*)(?::([^.=]*))?/.exec(text.replace(/^\/\/[^/]*\//, "")) ?? [];
    return `${tidyNamespace(namespace)}:${className}`.toLowerCase();
  };
  return place(header) === place(body);
}

async function* pieces(items: AsyncIterable<ReturnItem> | Iterable<ReturnItem>): AsyncGenerator<string> {
  let writer = new XmlWriter();
  for await (const item of items) {
    ReturnItem.write(writer, item);
    if (writer.length < PIECE_LENGTH) continue;
    yield writer.take();
    writer = new XmlWriter();
  }
  yield writer.take();
}
/** Characters that are joined before they go on: one item each would cost more in turns than in bytes. */
const PIECE_LENGTH = 16 * 1024;

async function collect(name: string, answer: IntrinsicAnswer): Promise<SimpleResponse> {
  const none = { name, error: undefined };
  if (answer.kind === "nothing") return { kind: "intrinsic", value: { ...none, returned: undefined, parameters: [] } };
  if (answer.kind === "pulled")
    return { kind: "intrinsic", value: { ...none, returned: answer.items, parameters: answer.parameters } };
  const returned: ReturnItem[] = [];
  for await (const item of answer.items) {
    returned.push(item);
    if (returned.length > COLLECTED_ITEMS_MAX)
      throw new CimError(
        "SERVER_LIMITS_EXCEEDED",
        `more than ${COLLECTED_ITEMS_MAX} objects: ask for this outside of a batch`,
      );
  }
  return { kind: "intrinsic", value: { ...none, returned, parameters: [] } };
}
/** Objects of one operation inside a batch, whose answer cannot go out piece by piece. */
const COLLECTED_ITEMS_MAX = 10_000;
