import type { IncomingMessage } from "node:http";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { XmlReader } from "../../wire/xml-reader.ts";
import { isSupportedVersion, type Refusal } from "./request-head.ts";

/**
 * The document in a request's body, parsed as it comes in and refused at the first byte too many. A refusal's
 * connection must be closed: its rest was not read.
 */
export async function readXmlBody(
  request: IncomingMessage,
  { bytesMax, nodesMax, charset }: { bytesMax: number; nodesMax: number; charset: string | undefined },
): Promise<XmlElement | Refusal> {
  const declared = Number(request.headers["content-length"] ?? 0);
  const tooLong: Refusal = { status: 413, reason: `the request is longer than ${bytesMax} bytes` };
  if (declared > bytesMax) return tooLong;
  const reader = new XmlReader({ nodesMax, ...(charset === undefined ? {} : { charset }) });
  let bytes = 0;
  let problem: WireError | undefined;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) return tooLong;
      // Read to its end although it is wrong, within the bound, so that the connection can be kept.
      if (problem === undefined) problem = caught(() => reader.write(chunk as Buffer));
    }
    if (problem !== undefined) throw problem;
    return reader.end();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // An encoding that is not the declared one is a header that does not fit; the rest is not well-formed.
    const cimError = error.path === "Content-Type" ? "header-mismatch" : "request-not-well-formed";
    return { status: 400, cimError, reason: error.message };
  }
}

function caught(work: () => void): WireError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

/** The versions that the root names (DSP0201 §5.2.1), looked at before the rest: another version may have other elements. */
export function judgeVersions(root: XmlElement): Refusal | undefined {
  if (root.name !== "CIM")
    return { status: 400, cimError: "request-not-valid", reason: `<${root.name}> instead of <CIM>` };
  const [cim, dtd] = [root.attribute("CIMVERSION") ?? "", root.attribute("DTDVERSION") ?? ""];
  if (!isSupportedVersion(cim, 2))
    return {
      status: 501,
      cimError: "unsupported-cim-version",
      reason: `CIM version ${JSON.stringify(cim)}: 2.x is known`,
    };
  if (!isSupportedVersion(dtd, 2))
    return {
      status: 501,
      cimError: "unsupported-dtd-version",
      reason: `DTD version ${JSON.stringify(dtd)}: 2.x is known`,
    };
  const protocol = root.child("MESSAGE")?.attribute("PROTOCOLVERSION");
  if (protocol !== undefined && !isSupportedVersion(protocol, 1)) {
    const reason = `protocol version ${JSON.stringify(protocol)}: 1.x is known`;
    return { status: 501, cimError: "unsupported-protocol-version", reason };
  }
  return undefined;
}
