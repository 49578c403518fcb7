import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

// What the HTTP headers of a request say, and whether they may say it (DSP0200 §6.3, §7). A request that breaks these
// rules is refused before its body is read.

/** Values of the CIMError header (DSP0200 §6.3.11). */
export type CimError =
  | "unsupported-protocol-version"
  | "multiple-requests-unsupported"
  | "unsupported-cim-version"
  | "unsupported-dtd-version"
  | "request-not-valid"
  | "request-not-well-formed"
  | "request-not-loosely-valid"
  | "header-mismatch"
  | "unsupported-operation";

/** A request that is no CIM message: an HTTP status instead of an answer in XML. */
export interface Refusal {
  readonly status: number;
  readonly cimError?: CimError;
  /** For whoever looks at it. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Operations go to a CIM server, exports (indications) to a listener. */
export type Family = "operation" | "export";

export type RequestHead = {
  /** Of the Content-Type, where it names one. */
  readonly charset: string | undefined;
  readonly acceptsGzip: boolean;
} & (
  | {
      readonly kind: "simple";
      readonly method: string;
      /** CIMObject, unescaped; absent in exports. */
      readonly object: string | undefined;
    }
  | { readonly kind: "batch" }
);

/** A method's name and an object's path with two long keys, escaped. */
export const CIM_HEADER_LENGTH_MAX = 8 * 1024;

/** Headers that decide what a request means: two of one kind would mean one thing to us and another to a firewall. */
const SINGLE = [
  "authorization",
  "content-type",
  "content-encoding",
  "content-length",
  "cimoperation",
  "cimexport",
  "cimmethod",
  "cimexportmethod",
  "cimobject",
  "cimbatch",
  "cimexportbatch",
  "cimprotocolversion",
];

const NAMES = {
  operation: { what: "cimoperation", value: "MethodCall", method: "cimmethod", batch: "cimbatch" },
  export: { what: "cimexport", value: "MethodRequest", method: "cimexportmethod", batch: "cimexportbatch" },
} as const;

export function judgeHead(
  request: Pick<IncomingMessage, "method" | "headers" | "rawHeaders">,
  family: Family,
): RequestHead | Refusal {
  const { headers } = request;
  if (request.method !== "POST") {
    // §8.1: POST is the method. M-POST, which older clients try first, never gets as far as here.
    const reason = `${request.method} is not used by CIM-XML: send POST`;
    return { status: request.method === "OPTIONS" ? 501 : 405, reason, headers: { allow: "POST" } };
  }
  const doubled = doubledHeader(request.rawHeaders);
  if (doubled !== undefined) return mismatch(`${doubled} is there more than once`);
  const media = parseMediaType(headers["content-type"]);
  if (media === undefined || !["application/xml", "text/xml"].includes(media.type)) {
    const reason = `Content-Type is ${headers["content-type"] ?? "missing"}: send application/xml`;
    return { status: 415, cimError: "header-mismatch", reason };
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") return { status: 415, reason: `Content-Encoding ${encoding} is not taken` };
  if (!acceptsXml(headers.accept)) return { status: 406, reason: "Accept names nothing that CIM-XML answers with" };

  const names = NAMES[family];
  const what = single(headers, names.what);
  if (what?.trim() !== names.value) {
    const reason = `${names.what} is ${what === undefined ? "missing" : JSON.stringify(what)}: expected ${names.value}`;
    return { status: 400, cimError: "unsupported-operation", reason };
  }
  // §6.3.12: without it 1.0 is meant.
  const version = single(headers, "cimprotocolversion")?.trim() || "1.0";
  if (!isSupportedVersion(version, 1))
    return {
      status: 501,
      cimError: "unsupported-protocol-version",
      reason: `protocol version ${version}: 1.x is known`,
    };
  const common = { charset: media.charset, acceptsGzip: acceptsGzip(headers["accept-encoding"]) };
  const method = single(headers, names.method);
  const object = single(headers, "cimobject");
  if (single(headers, names.batch) !== undefined) {
    // §6.3.8: the header of a batch and those of a single message exclude one another.
    if (method !== undefined || object !== undefined)
      return mismatch(`${names.batch} with the headers of a single call`);
    return { ...common, kind: "batch" };
  }
  if (method === undefined) return mismatch(`${names.method} is missing`);
  if (family === "operation" && object === undefined) return mismatch("cimobject is missing");
  const [methodName, objectPath] = [unescapeHeader(method), object === undefined ? undefined : unescapeHeader(object)];
  if (methodName === undefined || (object !== undefined && objectPath === undefined))
    return mismatch("a header is not percent-encoded UTF-8, or longer than allowed");
  return { ...common, kind: "simple", method: methodName, object: objectPath };
}

export function isRefusal(value: object): value is Refusal {
  return "status" in value;
}

export function mismatch(reason: string): Refusal {
  return { status: 400, cimError: "header-mismatch", reason };
}

/** §6.3.12 and DSP0201 §5.2.1.1: versions of the same major number understand one another. */
export function isSupportedVersion(version: string, major: number): boolean {
  return new RegExp(`^${major}\\.\\d{1,4}(\\.\\d{1,4})?$`).test(version.trim());
}

function doubledHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? "";
    if (!SINGLE.includes(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** §6.3.7: UTF-8, escaped as in a URI. Node gives the bytes of a header as Latin-1: they may also be plain UTF-8. */
export function unescapeHeader(value: string): string | undefined {
  if (value.length > CIM_HEADER_LENGTH_MAX) return undefined;
  try {
    // pywbem and others send the characters of a name as they are: bytes above 127 are then UTF-8 already.
    const text = /[\u0080-\u00ff]/.test(value)
      ? new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"))
      : value;
    return decodeURIComponent(text.trim());
  } catch {
    return undefined;
  }
}

/** What `unescapeHeader` reads: all but unreserved characters and `/` `:` `=` `.` `,` are escaped. */
export function escapeHeader(value: string): string {
  return encodeURIComponent(value)
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":")
    .replaceAll("%3D", "=")
    .replaceAll("%2C", ",");
}

export function parseMediaType(header: string | undefined): { type: string; charset: string | undefined } | undefined {
  if (header === undefined) return undefined;
  const [type = "", ...parameters] = header.split(";");
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(each)?.[1]).find(Boolean);
  return { type: type.trim().toLowerCase(), charset };
}

function acceptsXml(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  return /(?:\*\/\*|(?:application|text)\/(?:\*|xml))/i.test(accept);
}

/** RFC 9110 §12.5.3. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? "")
    .split(",")
    .some((each) => {
      const [coding = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
      return ["gzip", "x-gzip"].includes(coding) && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
}
