import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import { reasonOf, WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { sendDocument, sendRefusal } from "./answer.ts";
import { BATCH_OPERATIONS_MAX, EXPORT_BYTES_MAX, EXPORTS_AT_ONCE_MAX, REQUEST_NODES_MAX } from "./limits.ts";
import {
  type ExportRequest,
  type ExportResponse,
  type Message,
  readMessage,
  writeMessage,
} from "./message-elements.ts";
import { isRefusal, judgeHead, mismatch, type Refusal, type RequestHead } from "./request-head.ts";
import type { Caller } from "./server.ts";
import { judgeVersions, readXmlBody } from "./xml-body.ts";

// A listener for indications (DSP0200 §5.5: ExportIndication), single or in batches. It answers only after `commit` has
// resolved: whoever sent them may forget them from then on.

/** Where an indication came from. */
export interface ExportOrigin {
  readonly user: string;
  /** Path and query of the request: what the destination of a subscription says, to tell subscriptions apart. */
  readonly url: string;
  readonly remoteAddress: string;
}

export interface CimXmlListenerNeeds {
  readonly identify: (request: IncomingMessage) => Promise<Caller>;
  readonly addressOf: (request: IncomingMessage) => string;
  /**
   * Resolves when the indications of one request are on disk, in their order, but for those that it gives a reason against,
   * one for each. What it throws becomes an ERROR of all of them, and the sender tries again.
   */
  readonly commit: (
    indications: readonly CimInstance[],
    origin: ExportOrigin,
  ) => Promise<readonly (CimError | undefined)[]>;
  readonly log: Log;
}

export function createCimXmlListener({ identify, addressOf, commit, log }: CimXmlListenerNeeds): RequestListener {
  let busy = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = judgeHead(request, "export");
    if (isRefusal(head)) return sendRefusal(response, head);
    if (busy >= EXPORTS_AT_ONCE_MAX) {
      // Senders of others try again by themselves, and keep the order.
      return sendRefusal(response, {
        status: 503,
        reason: "too many indications at once",
        headers: { "retry-after": "1" },
      });
    }
    busy += 1;
    try {
      const caller = await identify(request);
      if (!caller.known) return sendRefusal(response, caller);
      const message = await readExport(request, head);
      if (isRefusal(message)) return sendRefusal(response, message);
      const origin = { user: caller.user, url: request.url ?? "/", remoteAddress: addressOf(request) };
      const { id, body } = message;
      const answer: Message["body"] =
        body.kind === "exportRequests"
          ? { kind: "exportResponses", value: await take(body.value, origin) }
          : { kind: "exportResponse", value: await takeOne((body as { value: ExportRequest }).value, origin) };
      await sendDocument(response, writeMessage(id, answer), { family: "export", acceptsGzip: head.acceptsGzip });
    } finally {
      busy -= 1;
    }
  }

  async function takeOne(call: ExportRequest, origin: ExportOrigin): Promise<ExportResponse> {
    const [answer] = await take([call], origin);
    return answer as ExportResponse;
  }

  /** Those of one request together, so that they are one commit. */
  async function take(calls: readonly ExportRequest[], origin: ExportOrigin): Promise<ExportResponse[]> {
    const read = calls.map(readCall);
    const problems = await commitAll(
      read.filter((each) => each instanceof CimInstance),
      origin,
    );
    let committed = 0;
    return calls.map(({ name }, index) => {
      const each = read[index];
      const problem = each instanceof CimInstance ? problems[committed++] : each;
      return problem === undefined
        ? { name: "ExportIndication", error: undefined, returned: [] }
        : refused(name, problem);
    });
  }

  async function commitAll(indications: readonly CimInstance[], origin: ExportOrigin) {
    if (indications.length === 0) return [];
    try {
      return await commit(indications, origin);
    } catch (problem) {
      if (problem instanceof CimError) return indications.map(() => problem);
      log.error({ reason: reasonOf(problem), from: origin.remoteAddress }, "indications could not be stored");
      return indications.map(() => new CimError("FAILED", "the indication could not be stored: send it again"));
    }
  }

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (request.destroyed || response.destroyed) return; // The sender has gone.
      log.error({ reason: reasonOf(error) }, "an indication could not be taken");
      sendRefusal(response, { status: 500, reason: "this indication could not be taken: send it again" });
    });
  };
}

function readCall({ name, parameters }: ExportRequest): CimInstance | CimError {
  if (name.toLowerCase() !== "exportindication")
    return new CimError("NOT_SUPPORTED", `${name.slice(0, 256)}: only ExportIndication is known`);
  const indication = parameters.find((each) => each.name.toLowerCase() === "newindication")?.value;
  return indication ?? new CimError("INVALID_PARAMETER", "NewIndication is missing");
}

function refused(name: string, { status, message }: CimError): ExportResponse {
  return { name, error: { code: status, description: message, details: [] }, returned: undefined };
}

async function readExport(request: IncomingMessage, head: RequestHead): Promise<Message | Refusal> {
  const root = await readXmlBody(request, {
    bytesMax: EXPORT_BYTES_MAX,
    nodesMax: REQUEST_NODES_MAX,
    charset: head.charset,
  });
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
  const { body } = message;
  if (body.kind === "exportRequests") {
    if (head.kind !== "batch") return mismatch("the body holds several exports, and there is no CIMExportBatch");
    if (body.value.length <= BATCH_OPERATIONS_MAX) return message;
    const reason = `more than ${BATCH_OPERATIONS_MAX} exports in one request`;
    return { status: 501, cimError: "multiple-requests-unsupported", reason };
  }
  if (body.kind !== "exportRequest") return { status: 400, cimError: "request-not-valid", reason: "no export in it" };
  if (head.kind === "batch") return mismatch("CIMExportBatch is there, and the body holds one export");
  if (head.method.toLowerCase() === body.value.name.toLowerCase()) return message;
  return mismatch(
    `CIMExportMethod is ${JSON.stringify(head.method)}, the body calls ${JSON.stringify(body.value.name)}`,
  );
}
