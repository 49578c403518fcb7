import { describe, expect, it } from "vitest";
import type { InstanceOf } from "./class-declaration.ts";
import { declareClass, reference, string, uint16, uint64 } from "./class-declaration.ts";
import { createInstance } from "./instance-of-class.ts";

const Thing = declareClass({
  name: "X_Thing",
  version: "1.0.0",
  description: "A thing.",
  properties: {
    Name: string({ key: true }),
    Size: uint64(),
    States: uint16({ array: true }),
    Count: uint16(),
    Of: reference("X_Thing"),
  },
});

describe("an instance of a declared class", () => {
  it("has every property of its class, and a path from its keys", () => {
    const instance = createInstance(Thing, { Name: "a", Size: 2n, States: [1, 2] }, "root/cimv2");
    expect(instance.properties.map(({ name, value }) => [name, value])).toEqual([
      ["Name", "a"],
      ["Size", 2n],
      ["States", [1, 2]],
      ["Count", null],
      ["Of", null],
    ]);
    expect(String(instance.path)).toBe('/root/cimv2:X_Thing.Name="a"');
    expect(instance.property("of")?.referenceClass).toBe("X_Thing");
  });

  it("has NULL for a number that its type cannot carry", () => {
    const instance = createInstance(Thing, { Name: "a", Size: 2n ** 64n, Count: 65_536 });
    expect([instance.get("Size"), instance.get("Count")]).toEqual([null, null]);
    expect(createInstance(Thing, { Count: 1.5 }).get("Count")).toBeNull();
    expect(createInstance(Thing, { Count: Number.NaN }).get("Count")).toBeNull();
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["another type", { Name: "a", Size: 2 }],
    ["one value for an array", { Name: "a", States: 1 }],
    ["an array for one value", { Name: "a", Count: [1] }],
    ["an element of another type", { Name: "a", States: ["x"] }],
    ["no key", { Size: 2n }],
  ])("is our bug with %s", (_, values) => {
    expect(() => createInstance(Thing, values as InstanceOf<typeof Thing>, "root/cimv2")).toThrow(
      "assertion failed: X_Thing",
    );
  });
});
