import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { systemRandom } from "../runtime/random.ts";
import {
  ACCOUNT_CHECKS_MAX,
  ACCOUNT_FAILURES_MAX,
  ACCOUNT_REMEMBERED_MS,
  ACCOUNT_WAIT_MS,
  basicAuthorization,
  createAccountGate,
  parseBasic,
} from "./account-gate.ts";

const right = basicAuthorization({ name: "ops", password: "pä:ss" });
const wrong = basicAuthorization({ name: "ops", password: "guess" });

function gate(checkAccount = async (name: string, password: string) => name === "ops" && password === "pä:ss") {
  const clock = new FakeClock();
  let lookups = 0;
  const counted = (name: string, password: string) => {
    lookups += 1;
    return checkAccount(name, password);
  };
  return {
    clock,
    gate: createAccountGate({ checkAccount: counted, clock, random: systemRandom }),
    lookups: () => lookups,
  };
}

describe("the account gate", () => {
  it("knows the right password, and asks whoever brings none or a wrong one", async () => {
    const { gate: door } = gate();
    expect(await door.check(right, "192.0.2.1")).toEqual({ kind: "known", name: "ops" });
    expect(await door.check(undefined, "192.0.2.1")).toEqual({ kind: "unknown", wasGiven: false });
    expect(await door.check(wrong, "192.0.2.1")).toEqual({ kind: "unknown", wasGiven: true });
    expect(await door.check("Negotiate abc", "192.0.2.1")).toEqual({ kind: "unknown", wasGiven: true });
  });

  it("lets an address wait after its failures, right password or not, and nobody else", async () => {
    const { gate: door, clock, lookups } = gate();
    for (let n = 0; n < ACCOUNT_FAILURES_MAX; n++) await door.check(wrong, "192.0.2.1");
    expect(await door.check(right, "192.0.2.1")).toEqual({ kind: "busy", retryAfterSeconds: ACCOUNT_WAIT_MS / 1_000 });
    expect(lookups()).toBe(ACCOUNT_FAILURES_MAX);
    expect(await door.check(right, "192.0.2.2")).toMatchObject({ kind: "known" });
    await clock.advance(ACCOUNT_WAIT_MS);
    expect(await door.check(right, "192.0.2.1")).toMatchObject({ kind: "known" });
  });

  it("counts a /64 of IPv6 as one address", async () => {
    const { gate: door } = gate();
    for (let n = 0; n < ACCOUNT_FAILURES_MAX; n++) await door.check(wrong, `2001:db8::${n + 1}`);
    expect(await door.check(right, "2001:db8::ffff")).toMatchObject({ kind: "busy" });
  });

  it("does not look up more guesses than allowed when they come all at once", async () => {
    const { gate: door, lookups } = gate();
    await Promise.all(Array.from({ length: 50 }, () => door.check(wrong, "192.0.2.1")));
    expect(lookups()).toBeLessThanOrEqual(Math.min(ACCOUNT_CHECKS_MAX, ACCOUNT_FAILURES_MAX));
  });

  it("remembers a right password for a while, and asks again afterwards", async () => {
    let isValid = true;
    const { gate: door, clock, lookups } = gate(async () => isValid);
    await door.check(right, "192.0.2.1");
    isValid = false;
    expect(await door.check(right, "192.0.2.9")).toMatchObject({ kind: "known" });
    expect(lookups()).toBe(1);
    await clock.advance(ACCOUNT_REMEMBERED_MS);
    expect(await door.check(right, "192.0.2.1")).toMatchObject({ kind: "unknown" });
  });
});

describe("HTTP Basic", () => {
  it("gives back what was sent", () => {
    const name = fc.string({ minLength: 1, unit: "grapheme-ascii" }).filter((text) => !text.includes(":"));
    fc.assert(
      fc.property(name, fc.string({ unit: "grapheme" }), (account, password) => {
        expect(parseBasic(basicAuthorization({ name: account, password }))).toEqual({ name: account, password });
      }),
    );
  });

  it.each([undefined, "", "Basic", "Basic ", "Basic !!!", "Basic OnB3", "Bearer abc", `Basic ${"A".repeat(5_000)}`])(
    "takes %j for nobody",
    (header) => {
      expect(parseBasic(header)).toBeUndefined();
    },
  );
});
