import { describe, expect, it } from "vitest";
import type { Host } from "../model/host.ts";
import type { Subscription } from "../model/subscription.ts";
import { createIndicationDesk } from "./api-indications.ts";
import type { AgentlessMeans, Target } from "./watch/agentless/target.ts";

const HOST = { id: "h1", name: "sas1" } as Host;

function desk(means: AgentlessMeans | "agent", { isOn = true } = {}) {
  let subscription: Subscription | undefined;
  const target: Target = {
    ...{ hostId: "h1", name: "sas1", address: "192.0.2.7", port: null, path: null, namespace: null, account: null },
    ...{ trust: { kind: "plain" }, means: means === "agent" ? "ping" : means },
  };
  const subscriptions = {
    add: async () => {
      subscription = { state: "waiting", reason: "", checkedAtMs: null, expiresAtMs: null };
    },
    end: async () => {
      subscription = undefined;
    },
    of: () => subscription as never,
  };
  return createIndicationDesk({
    find: async () => (means === "agent" ? undefined : target),
    subscriptions: isOn ? subscriptions : undefined,
  });
}

describe("subscribing at a server that is minded already", () => {
  it.each(["wsman", "cim-xml"] as const)("begins and ends as the operator wants, by %s", async (means) => {
    const indications = desk(means);
    expect(await indications.change(HOST, true)).toMatchObject({ state: "waiting" });
    expect(await indications.change(HOST, false)).toBeUndefined();
  });

  it.each([
    ["a server that is only pinged", () => desk("ping"), "looked at by ping tells none"],
    ["a host with an agent", () => desk("agent"), "sas1 runs an agent of ours"],
    ["a manager that may not subscribe", () => desk("wsman", { isOn: false }), "indications.subscribe is off"],
  ])("is refused for %s, in words", async (_, of, problem) => {
    await expect(of().change(HOST, true)).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining(problem),
    });
  });

  it("can be ended, where there is none, too", async () => {
    expect(await desk("ping").change(HOST, false)).toBeUndefined();
    expect(await desk("wsman", { isOn: false }).change(HOST, false)).toBeUndefined();
  });
});
