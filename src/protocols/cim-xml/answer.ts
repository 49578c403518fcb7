import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, createGzip, gzip } from "node:zlib";
import { ANSWER_BYTES_MAX, ANSWER_COLLECTED_BYTES_MAX, GZIP_BYTES_MIN } from "./limits.ts";
import type { Family, Refusal } from "./request-head.ts";

// How answers go out (DSP0200 §6.3, §7.4): in one piece with a length where they are short, so that every client can read
// them; in chunks (RFC 9112 §7.1) where they are long, so that neither side holds all of a big enumeration.

const gzipAsync = promisify(gzip);
const XML = 'application/xml; charset="utf-8"';

const FAMILY_HEADERS = {
  operation: { CIMOperation: "MethodResponse" },
  export: { CIMExport: "MethodResponse" },
} as const;

/** Says no by HTTP; with a length, so that the connection can be used again unless the request was not read. */
export function sendRefusal(response: ServerResponse, { status, cimError, reason, headers = {} }: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  const body = `${reason}\n`;
  response.writeHead(status, {
    ...headers,
    ...(cimError === undefined ? {} : { CIMError: cimError }),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    ...(response.req.complete ? {} : { Connection: "close" }),
  });
  response.end(body);
}

export interface AnswerOptions {
  readonly family: Family;
  readonly acceptsGzip: boolean;
}

export async function sendDocument(
  response: ServerResponse,
  document: Buffer,
  { family, acceptsGzip }: AnswerOptions,
): Promise<void> {
  const isZipped = acceptsGzip && document.length >= GZIP_BYTES_MIN;
  const body = isZipped ? await gzipAsync(document, { level: constants.Z_BEST_SPEED }) : document;
  if (response.destroyed) return;
  response.writeHead(200, {
    "Content-Type": XML,
    "Content-Length": body.length,
    "Cache-Control": "no-cache", // §7.4: an answer is good once.
    ...FAMILY_HEADERS[family],
    ...(isZipped ? { "Content-Encoding": "gzip" } : {}),
  });
  response.end(body);
}

/** Why an answer in pieces broke off; the status is CIM's. */
export interface BrokenOff {
  readonly status: number;
  readonly description: string;
}

/**
 * Sends what `pieces` give between `head` and `tail`. What goes wrong before anything was sent is thrown, and can still
 * be an ERROR; afterwards it stands in the trailers where the client takes trailers, and else the connection ends, so
 * that half an answer is never taken for a whole one.
 */
export async function sendPieces(
  response: ServerResponse,
  { head, tail }: { readonly head: string; readonly tail: string },
  pieces: AsyncIterable<string>,
  options: AnswerOptions & { readonly acceptsTrailers: boolean; readonly explain: (error: unknown) => BrokenOff },
): Promise<void> {
  let collected = head;
  let bytes = 0;
  let stream: PieceStream | undefined;
  try {
    for await (const piece of pieces) {
      collected += piece;
      if (collected.length < ANSWER_COLLECTED_BYTES_MAX) continue;
      stream ??= openStream(response, options);
      bytes += collected.length;
      if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
      await stream.write(collected);
      collected = "";
    }
  } catch (error) {
    if (stream === undefined) throw error;
    if (!options.acceptsTrailers) {
      response.destroy();
      return;
    }
    // Names as OpenPegasus has them; the standard leaves trailers of chunked answers to CIMError (§6.6).
    const { status, description } = options.explain(error);
    response.addTrailers({
      CIMError: "request-not-valid",
      CIMStatusCode: String(status),
      CIMStatusCodeDescription: encodeURIComponent(description.slice(0, 1_000)),
    });
    stream.end("");
    return;
  }
  if (stream === undefined) await sendDocument(response, Buffer.from(collected + tail, "utf8"), options);
  else stream.end(collected + tail);
}

interface PieceStream {
  /** Resolves when the peer has taken enough for the next one. */
  write(text: string): Promise<void>;
  end(text: string): void;
}

function openStream(
  response: ServerResponse,
  { family, acceptsGzip, acceptsTrailers }: AnswerOptions & { readonly acceptsTrailers: boolean },
): PieceStream {
  response.writeHead(200, {
    "Content-Type": XML,
    "Cache-Control": "no-cache",
    ...FAMILY_HEADERS[family],
    ...(acceptsGzip ? { "Content-Encoding": "gzip" } : {}),
    ...(acceptsTrailers ? { Trailer: "CIMError, CIMStatusCode, CIMStatusCodeDescription" } : {}),
  });
  const zip = acceptsGzip ? createGzip({ level: constants.Z_BEST_SPEED }) : undefined;
  zip?.pipe(response);
  const target = zip ?? response;
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        if (response.destroyed) return reject(new Error("the client has gone"));
        const gone = () => reject(new Error("the client has gone"));
        response.once("close", gone);
        target.write(text, () => {
          response.off("close", gone);
          resolve();
        });
      }),
    end: (text) => void target.end(text),
  };
}
