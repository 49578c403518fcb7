// The body of a request as XML, read as it comes and given up as early as it can be.

import type { IncomingMessage } from "node:http";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { XmlReader } from "../../wire/xml-reader.ts";
import type { Charset } from "./envelope.ts";
import { Fault } from "./fault.ts";
import { SOAP_CONTENT_TYPE } from "./names.ts";

/** Of one request from somebody known; a Put of the widest class takes 50 kB. */
export const REQUEST_BYTES_MAX = 1024 * 1024;
/** Of one request from somebody unknown: Identify takes 700 bytes, 1,400 in UTF-16. */
export const ANONYMOUS_REQUEST_BYTES_MAX = 8 * 1024;
/** Elements of one request. */
export const REQUEST_NODES_MAX = 20_000;

/** What Content-Type says; undefined for anything but SOAP 1.2 in UTF-8 or UTF-16 (DSP0226 §13.1, annex C). */
export function parseContentType(header: string | undefined): { readonly charset: Charset } | undefined {
  const [type = "", ...parameters] = (header ?? "").split(";").map((part) => part.trim());
  if (type.toLowerCase() !== SOAP_CONTENT_TYPE) return undefined;
  const charset = parameters
    .map((parameter) => /^charset\s*=\s*"?([^"]*)"?$/i.exec(parameter)?.[1]?.toLowerCase())
    .find((value) => value !== undefined);
  if (charset === undefined || charset === "utf-8" || charset === "utf8") return { charset: "utf-8" };
  return charset === "utf-16" || charset === "utf-16le" ? { charset: "utf-16" } : undefined;
}

/** The root element of a request's body. @throws Fault for what is no XML or too much of it, WireError when the client hangs up. */
export async function readXmlBody(
  request: IncomingMessage,
  { bytesMax, nodesMax = REQUEST_NODES_MAX }: { readonly bytesMax: number; readonly nodesMax?: number },
): Promise<XmlElement> {
  const reader = new XmlReader({ bytesMax, nodesMax });
  try {
    // The connection must outlive an early end: the fault still has to go out on it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) reader.write(chunk as Buffer);
    return reader.end();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const isTooMuch = error.problem.startsWith("more than") || error.problem.includes("longer than");
    if (isTooMuch) throw new Fault("encodingLimit", error.message, { detail: "ServiceEnvelopeLimit" });
    const isEncoding = / encoding |bytes are|are not utf/.test(` ${error.problem}`);
    if (isEncoding) throw new Fault("encodingLimit", error.message, { detail: "CharacterSet" });
    throw new Fault("schemaValidationError", error.message);
  }
}
