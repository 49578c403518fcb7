import {
  DedupEngineReply,
  DedupEngineRequest,
  DedupManagerReply,
  DedupManagerRequest,
} from "../../protocols/dedup/messages.ts";
import type { Channel } from "../../wire/channel.ts";
import { answerRequests } from "../../wire/exchange.ts";
import type { DedupSessions } from "./dedup-sessions.ts";

/** Requests of one engine connection that are worked on at once: checking and sealing use the thread pool. */
export const ENGINE_CONCURRENCY = 16;

/** Serves one connection of the deduplication manager's flow until its end. */
export function serveDedupManager(channel: Channel, hostId: string, sessions: DedupSessions): Promise<void> {
  return answerRequests(channel, {
    request: DedupManagerRequest,
    reply: DedupManagerReply,
    handle: (request) => sessions.answerManager(hostId, request),
  });
}

/** Serves one connection of the deduplication engine's flow until its end. */
export function serveDedupEngine(channel: Channel, hostId: string, sessions: DedupSessions): Promise<void> {
  let sessionId: Buffer | undefined;
  return answerRequests(channel, {
    request: DedupEngineRequest,
    reply: DedupEngineReply,
    concurrency: ENGINE_CONCURRENCY,
    async handle(request) {
      if (request.kind === "attach") {
        const reply = sessions.answerAttach(hostId, request, ENGINE_CONCURRENCY);
        if (reply.kind === "attached") sessionId = request.sessionId;
        return reply;
      }
      if (sessionId === undefined)
        return { kind: "refused", code: "unknownSession", reason: "attach to a session first" };
      return sessions.answerEngine(hostId, sessionId, request);
    },
  });
}
