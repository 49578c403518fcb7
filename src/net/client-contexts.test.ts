import { expect, it } from "vitest";
import { clientContext } from "./client-contexts.ts";

it("what trusts and shows the same is one context, and nothing else is", () => {
  const minVersion = "TLSv1.2" as const;
  expect(clientContext({ minVersion })).toBe(clientContext({ minVersion }));
  expect(clientContext({ minVersion })).not.toBe(clientContext({ minVersion: "TLSv1.3" }));
});

it("what cannot be read is refused each time", () => {
  for (const _ of [1, 2]) expect(() => clientContext({ key: "no key", cert: "no certificate" })).toThrow();
});
