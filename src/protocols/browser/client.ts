import type { Clock } from "../../runtime/clock.ts";
import type { Channel } from "../../wire/channel.ts";
import { createExchange } from "../../wire/exchange.ts";
import { expectReply } from "../expect-reply.ts";
import { BROWSER_VERSION, BrowserReply, BrowserRequest } from "./messages.ts";

type Asked<K extends BrowserRequest["kind"]> = Omit<Extract<BrowserRequest, { kind: K }>, "kind" | "version">;
type Answered<K extends BrowserReply["kind"]> = Extract<BrowserReply, { kind: K }>;

/** An agent's side of the agent browser. Each call rejects with PeerError in the manager's words where it refuses. */
export interface BrowserClient {
  enroll(request: Asked<"enroll">): Promise<Answered<"enrolled">>;
  advertise(request: Asked<"advertise">): Promise<Answered<"advertised">>;
  renew(request: Asked<"renew">): Promise<Answered<"renewed">>;
  close(): void;
}

const version = BROWSER_VERSION;

export function createBrowserClient(
  channel: Channel,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): BrowserClient {
  const exchange = createExchange(channel, { request: BrowserRequest, reply: BrowserReply, clock, timeoutMs });
  return {
    enroll: async (request) => expectReply(await exchange.ask({ kind: "enroll", version, ...request }), "enrolled"),
    advertise: async (request) =>
      expectReply(await exchange.ask({ kind: "advertise", version, ...request }), "advertised"),
    renew: async (request) => expectReply(await exchange.ask({ kind: "renew", version, ...request }), "renewed"),
    close: exchange.close,
  };
}
