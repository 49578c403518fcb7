import { describe, expect, it } from "vitest";
import { createClient, fillPath, type Transport, type TransportRequest } from "./client.ts";
import { formatMessage } from "./event-stream.ts";

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

function answering(status: number, body: string): { transport: Transport; asked: TransportRequest[] } {
  const asked: TransportRequest[] = [];
  return {
    asked,
    async transport(request) {
      asked.push(request);
      return { status, headers: {}, body: pieces(body) };
    },
  };
}

describe("the client", () => {
  it("escapes parameters and repeats lists in the query", () => {
    const request = {
      params: { host: "a/b ?本" },
      query: { state: ["open", "cleared"], text: "a&b", after: undefined },
    };
    expect(fillPath("/api/v1/hosts/:host", request)).toBe(
      "/api/v1/hosts/a%2Fb%20%3F%E6%9C%AC?state=open&state=cleared&text=a%26b",
    );
  });

  it("sends JSON only where the contract has a body", async () => {
    const { transport, asked } = answering(204, "");
    await createClient(transport).hostRemove({ params: { host: "web" } });
    expect(asked[0]).toMatchObject({ method: "DELETE", body: undefined });
    expect(asked[0]?.headers).not.toHaveProperty("content-type");
  });

  it("takes fields that a newer manager adds, and refuses a reply that lacks one", async () => {
    const me = { name: "tanaka", role: "viewer", via: "session", hasPassword: true, expiresAtMs: null };
    const { transport } = answering(200, JSON.stringify({ ...me, favouriteColour: "green" }));
    expect(await createClient(transport).sessionShow()).toEqual(me);
    await expect(createClient(answering(200, "{}").transport).sessionShow()).rejects.toThrow();
  });

  it("throws a refusal in the contract's words", async () => {
    const error = { code: "not-found", message: 'host: no host is called "x"', hint: "look again" };
    const client = createClient(answering(404, JSON.stringify({ error })).transport);
    await expect(client.hostShow({ params: { host: "x" } })).rejects.toMatchObject({ ...error, status: 404 });
  });

  it.each(["<html>", "", "{}"])(
    "does not mistake %j of something in between for a refusal of the manager",
    async (body) => {
      await expect(createClient(answering(502, body).transport).status()).rejects.toMatchObject({ code: "internal" });
    },
  );

  it("passes over events of a kind that it does not know", async () => {
    const text =
      formatMessage({ id: "1-1", event: "weather", data: '{"kind":"weather"}' }) +
      formatMessage({ id: "1-2", event: "ready", data: '{"kind":"ready"}' });
    const received = [];
    for await (const one of createClient(answering(200, text).transport).events()) received.push(one);
    expect(received).toEqual([{ id: "1-2", event: { kind: "ready" } }]);
  });
});
