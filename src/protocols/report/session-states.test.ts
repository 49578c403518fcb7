import { expect, it } from "vitest";
import { CLIENT_EVENTS, CLIENT_STATES, CLIENT_TRANSITIONS, type ClientEvent, type ClientState } from "./client.ts";
import { SERVER_EVENTS, SERVER_STATES, SERVER_TRANSITIONS, type ServerEvent, type ServerState } from "./server.ts";

// Every cell, written out a second time from docs/protocols/report.md §4.

function cells<S extends string, E extends string>(
  table: Record<S, Record<E, string>>,
  states: readonly S[],
  events: readonly E[],
): string[] {
  return states.flatMap((state) => events.map((event) => `${state} ${event} ${table[state][event]}`));
}

function expected<S extends string, E extends string>(
  states: readonly S[],
  events: readonly E[],
  rule: (state: S, event: E) => string,
): string[] {
  return states.flatMap((state) => events.map((event) => `${state} ${event} ${rule(state, event)}`));
}

it("an agent takes each message only where it makes sense, and nothing once closed", () => {
  const ends = ["silence", "end", "close"];
  const rule = (state: ClientState, event: ClientEvent) => {
    if (state === "closed") return "ignored";
    if (ends.includes(event)) return "closed";
    if (state === "greeting") return { welcome: "open", unsupported: "closed" }[event as string] ?? "violation";
    return ["committed", "refused", "heartbeat", "ask"].includes(event) ? "open" : "violation";
  };
  expect(cells(CLIENT_TRANSITIONS, CLIENT_STATES, CLIENT_EVENTS)).toEqual(expected(CLIENT_STATES, CLIENT_EVENTS, rule));
});

it("the manager takes nothing before hello, hello only once, and nothing once closed", () => {
  const ends = ["silence", "end", "close"];
  const rule = (state: ServerState, event: ServerEvent) => {
    if (state === "closed") return "ignored";
    if (ends.includes(event)) return "closed";
    if (state === "greeting") return { hello: "open", stranger: "closed" }[event as string] ?? "violation";
    return ["alerts", "readings", "heartbeat", "answer"].includes(event) ? "open" : "violation";
  };
  expect(cells(SERVER_TRANSITIONS, SERVER_STATES, SERVER_EVENTS)).toEqual(expected(SERVER_STATES, SERVER_EVENTS, rule));
});
