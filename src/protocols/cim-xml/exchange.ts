import { CimError, cimStatusOf } from "../../cim/cim-error.ts";
import { type ForeignAgent, type ForeignResponse, foreignRequest } from "../../net/foreign-request.ts";
import { PeerError, WireError } from "../../runtime/errors.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { basicAuthorization } from "../account-gate.ts";
import { REPLY_BYTES_MAX } from "./limits.ts";
import { type ErrorElement, type Message, PROTOCOL_VERSION, readMessage, writeMessage } from "./message-elements.ts";
import { escapeHeader, type Family, parseMediaType } from "./request-head.ts";

// One request to somebody's server or listener, and its answer (DSP0200 §6, §7), strict in what is sent and lenient in
// what is read.

export interface ExchangeTarget {
  readonly agent: ForeignAgent;
  /** `/cimom` for servers; what the destination says for listeners. */
  readonly path: string;
  readonly account?: { readonly name: string; readonly password: string } | undefined;
  /** Sees every document as it travels, for people who look for a mistake. */
  readonly onDocument?: ((direction: "sent" | "received", document: Buffer) => void) | undefined;
}

export interface ExchangeCall {
  readonly family: Family;
  /** Absent where the body holds several calls. */
  readonly method?: string;
  /** CIMObject; absent for exports. */
  readonly object?: string;
  readonly body: Message["body"];
  readonly isRepeatable: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

let lastId = 0;

/** The body of the answer. Throws CimError, PeerError where HTTP says no, WireError, ConnectError. */
export async function exchange(target: ExchangeTarget, call: ExchangeCall): Promise<Message["body"]> {
  lastId = (lastId + 1) % 0x7fff_ffff;
  const id = String(lastId);
  const { agent, path, account } = target;
  const document = writeMessage(id, call.body);
  target.onDocument?.("sent", document);
  const response = await foreignRequest(agent, {
    method: "POST",
    path,
    headers: {
      ...headersOf(call),
      ...(account === undefined ? {} : { Authorization: basicAuthorization(account) }),
    },
    body: document,
    bodyBytesMax: REPLY_BYTES_MAX,
    isRepeatable: call.isRepeatable,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
  });
  target.onDocument?.("received", response.body);
  if (response.status !== 200) throw refusalOf(response);
  const { cimstatuscode, cimstatuscodedescription = "" } = response.trailers;
  // OpenPegasus breaks a chunked answer off and says why behind it.
  if (cimstatuscode !== undefined && Number(cimstatuscode) !== 0)
    throw new CimError(cimStatusOf(Number(cimstatuscode)), unescaped(cimstatuscodedescription));
  const charset = parseMediaType(response.headers["content-type"])?.charset;
  const message = readMessage(parseXml(response.body, { ...(charset === undefined ? {} : { charset }) }));
  if (message.id !== id)
    throw new WireError("MESSAGE.ID", `the answer to ${JSON.stringify(message.id.slice(0, 40))}, not to ${id}`);
  return message.body;
}

function headersOf({ family, method, object }: ExchangeCall): Record<string, string> {
  const common = {
    "Content-Type": 'application/xml; charset="utf-8"',
    // pywbem's listener takes one type or any, and refuses a list of types with 406.
    Accept: family === "export" ? "*/*" : "application/xml, text/xml",
    "Accept-Encoding": "gzip",
    CIMProtocolVersion: PROTOCOL_VERSION,
    TE: "trailers",
  };
  if (family === "export") {
    // DSP0200 §6.3.8: a batch says that it is one, and names no method.
    const what = method === undefined ? { CIMExportBatch: "" } : { CIMExportMethod: escapeHeader(method) };
    return { ...common, CIMExport: "MethodRequest", ...what };
  }
  return {
    ...common,
    CIMOperation: "MethodCall",
    CIMMethod: escapeHeader(method ?? ""),
    CIMObject: escapeHeader(object ?? ""),
  };
}

function refusalOf({ status, headers, body }: ForeignResponse): PeerError {
  const cimError = headers.cimerror;
  const details = headers.cimerrordetails ?? headers.pgerrordetail;
  if (status === 401)
    return new PeerError("unauthorized", "the server wants an account, or does not take this one (401)");
  // pywbem folds CIMErrorDetails over several lines: Node joins them. OpenPegasus calls the same PGErrorDetail.
  const said = [
    cimError,
    details,
    /^text\/plain/.test(headers["content-type"] ?? "") ? body.toString("utf8") : undefined,
  ]
    .filter((each) => each !== undefined)
    .map((each) => unescaped(String(each)).trim().slice(0, 300));
  return new PeerError(`http-${status}`, `the server answers ${[status, ...said].join(": ")}`);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An ERROR of an answer as what it means. */
export function cimErrorOf({ code, description }: ErrorElement): CimError {
  // OpenPegasus writes `CIM_ERR_NOT_FOUND: The requested object …: "…"`.
  const text = (description ?? "").replace(/^CIM_ERR_[A-Z_]+:?\s*/, "").trim();
  return new CimError(cimStatusOf(code), text === "" ? cimStatusOf(code).toLowerCase().replaceAll("_", " ") : text);
}
