import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Random } from "../../runtime/random.ts";
import { type ConsoleFile, type ConsoleFiles, NONCE_PLACEHOLDER } from "./console-files.ts";
import { pagePolicy } from "./security-headers.ts";

/** Serves the console's files on their exact paths; anything else stays unknown. */
export function addConsoleRoutes(
  app: FastifyInstance,
  { files, random }: { files: ConsoleFiles; random: Random },
): void {
  for (const [path, file] of files) {
    const send = file.contentType.startsWith("text/html") ? pageSender(file, random) : fileSender(file);
    app.get(path, { schema: { hide: true }, config: { open: true } }, send);
  }
}

function pageSender(file: ConsoleFile, random: Random) {
  const [before = "", ...after] = file.bytes.toString().split(NONCE_PLACEHOLDER);
  return (_request: FastifyRequest, reply: FastifyReply) => {
    const nonce = random(18).toString("base64");
    return reply
      .header("content-security-policy", pagePolicy(nonce))
      .header("cache-control", "no-store")
      .type(file.contentType)
      .send([before, ...after].join(nonce));
  };
}

function fileSender(file: ConsoleFile) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    reply
      .header("cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache")
      .header("content-security-policy", "default-src 'none'")
      .header("vary", "accept-encoding")
      .header("etag", file.etag)
      .type(file.contentType);
    if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
    if (file.gzipped !== undefined && /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""))) {
      return reply.header("content-encoding", "gzip").send(file.gzipped);
    }
    return reply.send(file.bytes);
  };
}
