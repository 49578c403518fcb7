import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../api/api-error.ts";
import type { ApiEvent, EventKind } from "../../api/event-routes.ts";
import { formatMessage, HEARTBEAT } from "../../api/event-stream.ts";
import type { ApiHeard } from "../../api/routes.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import type { EventHub, KeptEvent } from "./event-hub.ts";
import type { Identify, Identity } from "./identity.ts";
import { SERVICE_LIMITS } from "./limits.ts";

export interface EventStreamsNeeds {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly identify: Identify;
}

export interface EventStreams {
  /** Answers with a stream that lasts until the client goes, its identity ends, it falls behind, or `endAll`. */
  open(request: FastifyRequest, reply: FastifyReply, query: StreamQuery, identity: Identity): void;
  /** Ends those whose caller is nobody any more. */
  lookAgain(): void;
  endAll(): void;
}

export interface StreamQuery extends Pick<NonNullable<ApiHeard<"events">["query"]>, "after"> {
  readonly kinds: readonly EventKind[] | undefined;
  readonly hostId: string | undefined;
}

export function createEventStreams({ clock, hub, identify }: EventStreamsNeeds): EventStreams {
  const ends = new Set<() => void>();
  const looks = new Set<() => Promise<void>>();
  const openByName = new Map<string, number>();

  /** A session that has ended, or a database that cannot say, ends the stream. */
  async function isStill(identity: Identity, request: FastifyRequest): Promise<boolean> {
    try {
      return (await identify(request))?.name === identity.name;
    } catch {
      return false;
    }
  }

  return {
    open(request, reply, { after, kinds, hostId }, identity) {
      const mine = openByName.get(identity.name) ?? 0;
      if (ends.size >= SERVICE_LIMITS.streams || mine >= SERVICE_LIMITS.streamsPerIdentity) {
        throw new ApiError(
          "unavailable",
          `events: ${mine} streams of ${identity.name} and ${ends.size} in all are open`,
        );
      }
      openByName.set(identity.name, mine + 1);

      const resumeFrom = after ?? singleHeader(request, "last-event-id");
      const wanted = (event: KeptEvent) =>
        (kinds === undefined || kinds.includes(event.kind)) && (hostId === undefined || event.hostId === hostId);
      const past = hub.since(resumeFrom);
      const backlog = past.events.filter(wanted).map((event) => event.text());
      // More than may wait for a reader: asking for the lists again is less.
      const isTooMuch = backlog.reduce((sum, text) => sum + text.length, 0) > SERVICE_LIMITS.streamQueueBytes;
      const missed = past.missed || isTooMuch;

      const response = reply.raw;
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) response.setHeader(name, value);
      response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });

      const write = (text: string) => {
        // What waits already counts, not this text: one large event must get through, or the client would come back to it for ever.
        if (response.writableLength > SERVICE_LIMITS.streamQueueBytes) end();
        else response.write(text);
      };
      const unsubscribe = hub.subscribe((event) => {
        if (wanted(event)) write(event.text());
      });
      const look = async () => {
        if (!(await isStill(identity, request))) end();
      };
      looks.add(look);
      const stopHeartbeat = every(clock, SERVICE_LIMITS.heartbeatMs, async () => {
        await look();
        if (ends.has(end)) write(HEARTBEAT);
      });
      const end = () => {
        if (!ends.delete(end)) return;
        unsubscribe();
        stopHeartbeat();
        looks.delete(look);
        const left = (openByName.get(identity.name) ?? 1) - 1;
        if (left === 0) openByName.delete(identity.name);
        else openByName.set(identity.name, left);
        // What a slow client has not taken is thrown away with the connection; it comes back with its last id.
        if (response.writableLength > SERVICE_LIMITS.streamQueueBytes) response.destroy();
        else response.end();
      };
      ends.add(end);
      response.on("close", end);
      response.on("error", end);

      // With the first message the client has a place to come back to; where a backlog follows, its messages bring theirs.
      const hasBacklog = backlog.length > 0 && !isTooMuch;
      write(ownMessage({ kind: missed ? "missed" : "ready" }, hasBacklog ? undefined : hub.position()));
      if (hasBacklog) for (const text of backlog) write(text);
    },
    lookAgain() {
      for (const look of looks) void look(); // Never rejects.
    },
    endAll() {
      for (const end of [...ends]) end();
    },
  };
}

function ownMessage(event: Extract<ApiEvent, { kind: "ready" | "missed" }>, id: string | undefined): string {
  return formatMessage({ id, event: event.kind, data: JSON.stringify(event) });
}

function singleHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}
