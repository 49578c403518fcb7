import { argon2Sync } from "node:crypto";
import { expect, it } from "vitest";
import { systemRandom } from "../../runtime/random.ts";
import { SERVICE_LIMITS } from "./limits.ts";
import { createPasswords } from "./passwords.ts";

const passwords = createPasswords({ random: systemRandom });

it("verifies what it has hashed and nothing else", async () => {
  const stored = await passwords.hash("留守番の合言葉");
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify("留守番の合言葉", stored)).toBe(true);
  expect(await passwords.verify("留守番の合言葉 ", stored)).toBe(false);
  expect(await passwords.verify("", stored)).toBe(false);
});

it("takes the same password from keyboards that compose letters differently", async () => {
  const stored = await passwords.hash("Cafe\u0301 ga\u0308rten");
  expect(await passwords.verify("Caf\u00e9 g\u00e4rten", stored)).toBe(true);
});

it("verifies by the parameters that a hash carries, not by today's", async () => {
  const parameters = { message: "x", nonce: Buffer.alloc(16, 7), parallelism: 2, tagLength: 32, memory: 64, passes: 3 };
  const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  const stored = `$argon2id$v=19$m=64,t=3,p=2$${text(parameters.nonce)}$${text(argon2Sync("argon2id", parameters))}`;
  expect(await passwords.verify("x", stored)).toBe(true);
  expect(await passwords.verify("x", stored.replace("t=3", "t=2"))).toBe(false);
});

it("never matches an account without a password, and none that is damaged", async () => {
  expect(await passwords.verify("", null)).toBe(false);
  expect(await passwords.verify("x", "")).toBe(false);
  expect(await passwords.verify("x", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA")).toBe(false);
});

it("refuses more at once than the machine's memory should bear, and goes on afterwards", async () => {
  const many = SERVICE_LIMITS.hashesAtOnce + SERVICE_LIMITS.hashesWaiting + 3;
  const results = await Promise.allSettled(Array.from({ length: many }, () => passwords.verify("x", null)));
  expect(results.filter((result) => result.status === "rejected")).toHaveLength(3);
  expect(await passwords.verify("x", null)).toBe(false);
});
