import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, mergeAddresses, mergePorts } from "./spans.ts";

describe("addresses", () => {
  it.each([
    [["10.0.0.1"], ["10.0.0.1"]],
    [["10.0.0.1/32"], ["10.0.0.1"]],
    [["10.0.0.2", "10.0.0.3"], ["10.0.0.2/31"]],
    [
      ["10.0.0.1", "10.0.0.2"],
      ["10.0.0.1", "10.0.0.2"],
    ],
    [["10.0.0.1-10.0.0.5"], ["10.0.0.1", "10.0.0.2/31", "10.0.0.4/31"]],
    [["10.0.0.128/25", "10.0.0.0/25", "10.0.0.7"], ["10.0.0.0/24"]],
    [["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]],
    [["2001:DB8:0:0::1"], ["2001:db8::1"]],
    [["fd77::1", "fd77::"], ["fd77::/127"]],
    [["::ffff:1.2.3.4"], ["::ffff:1.2.3.4"]],
    [[], []],
  ])("%j are %j", (given, merged) => {
    expect(mergeAddresses(given)).toEqual(merged);
  });

  it.each([["nobody"], ["10.0.0.1", "::1"], ["10.0.0.0/33"], ["10.0.0.1; drop"], ["10.0.0.1-::1"]])(
    "refuses %j",
    (...given) => {
      expect(() => mergeAddresses(given)).toThrow(RangeError);
    },
  );

  it("merging twice changes nothing, and order does not matter", () => {
    const address = fc
      .tuple(fc.nat(255), fc.nat(3), fc.integer({ min: 20, max: 32 }))
      .map(([last, third, bits]) => `10.0.${third}.${last}/${bits}`);
    fc.assert(
      fc.property(fc.array(address, { maxLength: 20 }), (addresses) => {
        const merged = mergeAddresses(addresses);
        expect(mergeAddresses(merged)).toEqual(merged);
        expect(mergeAddresses([...addresses].reverse())).toEqual(merged);
        for (const each of addresses) expect(merged.some((network) => contains(network, each))).toBe(true);
      }),
    );
  });
});

it("a network contains what lies in it, and nothing that is no address", () => {
  expect(contains("10.0.0.0/8", "10.9.8.7")).toBe(true);
  expect(contains("10.0.0.0/8", "11.0.0.0")).toBe(false);
  expect(contains("10.0.0.0/24", "10.0.0.0/8")).toBe(false);
  expect(contains("fd00::/8", "10.0.0.1")).toBe(false);
  expect(contains("ipset:office", "10.0.0.1")).toBe(false);
  expect(contains("00:11:22:33:44:55", "10.0.0.1")).toBe(false);
});

it("ports that touch or overlap are one range", () => {
  const ports = [
    { from: 5987, to: 5987 },
    { from: 5986, to: 5986 },
    { from: 20300, to: 20349 },
    { from: 20340, to: 20360 },
  ];
  expect(mergePorts(ports)).toEqual([
    { from: 5986, to: 5987 },
    { from: 20300, to: 20360 },
  ]);
});
