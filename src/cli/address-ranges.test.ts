import { describe, expect, it } from "vitest";
import { addressesOf, DISCOVERED_ADDRESSES_MAX } from "./address-ranges.ts";

describe("a range of addresses", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7", "192.0.2.7", 1],
    ["2001:db8::1", "2001:db8::1", "2001:db8::1", 1],
    ["192.0.2.0/24", "192.0.2.1", "192.0.2.254", 254],
    ["192.0.2.77/30", "192.0.2.77", "192.0.2.78", 2],
    ["192.0.2.8/31", "192.0.2.8", "192.0.2.9", 2],
    ["192.0.2.8/32", "192.0.2.8", "192.0.2.8", 1],
    ["192.0.2.250-192.0.3.5", "192.0.2.250", "192.0.3.5", 12],
    ["192.0.2.10-50", "192.0.2.10", "192.0.2.50", 41],
    ["255.255.255.254-255", "255.255.255.254", "255.255.255.255", 2],
  ])("%s is from %s to %s", (range, first, last, count) => {
    const addresses = addressesOf(range);
    expect([addresses[0], addresses.at(-1), addresses.length]).toEqual([first, last, count]);
  });

  it.each(["", "web1", "192.0.2.0/33", "192.0.2.300", "192.0.2.9-3", "192.0.2.9-", "2001:db8::/64", "1.2.3/24"])(
    "%j is none",
    (range) => {
      expect(() => addressesOf(range)).toThrow(RangeError);
    },
  );

  it("is refused where it is too large, with how large it is", () => {
    expect(addressesOf("198.51.100.0/22").length).toBeLessThanOrEqual(DISCOVERED_ADDRESSES_MAX);
    expect(() => addressesOf("198.51.100.0/21")).toThrow("2046 addresses are more than 1024");
    expect(() => addressesOf("0.0.0.0/0")).toThrow(RangeError);
  });
});
