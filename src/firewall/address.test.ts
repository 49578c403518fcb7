import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SettingsError } from "../runtime/errors.ts";
import { formatAddress, normalizeAddresses, parseAddress } from "./address.ts";

const read = (text: string) => parseAddress(text, { key: "agent web1", host: "web1" });
const shown = (texts: readonly string[]) => normalizeAddresses(texts.map(read)).map(formatAddress);

describe("an address", () => {
  it.each([
    ["10.77.1.10", 4, "10.77.1.10", 32],
    [" 10.77.1.0/24 ", 4, "10.77.1.0", 24],
    ["fd77:1::10", 6, "fd77:1::10", 128],
    ["FD77:0001:0:0::0010", 6, "fd77:1::10", 128],
    ["2001:db8::/32", 6, "2001:db8::", 32],
    ["::ffff:10.77.1.10", 4, "10.77.1.10", 32],
    ["64:ff9b::192.0.2.1", 6, "64:ff9b::c000:201", 128],
  ] as const)("is read from %s in its shortest form", (text, family, address, prefix) => {
    expect(read(text)).toEqual({ family, address, prefix, host: "web1" });
  });

  it.each([
    ["web1.example", "is not an IP address"],
    ["", "is not an IP address"],
    ["10.77.1", "is not an IP address"],
    ["10.77.1.256", "is not an IP address"],
    ["10.77.1.10/", "is not an IP address"],
    ["10.77.1.10; reboot", "is not an IP address"],
    ["10.77.1.10\n10.77.1.11", "is not an IP address"],
    ["10.77.1.0/33", "beyond 32 bits"],
    ["fd77::/129", "beyond 128 bits"],
    ["0.0.0.0/0", "say any"],
    ["10.77.1.10/24", "did you mean 10.77.1.0/24 or 10.77.1.10?"],
    ["fd77::1/64", "did you mean fd77::/64 or fd77::1?"],
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["0.0.0.0", "unspecified"],
    ["::", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["ff02::1", "multicast"],
    ["fe80::1%eth0", "one network card"],
  ])("is refused for %j, with what is wrong and whose it is", (text, problem) => {
    expect(() => read(text)).toThrow(SettingsError);
    expect(() => read(text)).toThrow(/^agent web1: /);
    expect(() => read(text)).toThrow(problem);
  });
});

describe("a list of addresses", () => {
  it("loses duplicates and what lies inside another network, and is in order", () => {
    const texts = ["fd77::1", "10.0.0.9", "10.0.0.0/24", "10.0.1.0", "10.0.0.9", "fd77::/64", "10.0.0.0/25", "9.9.9.9"];
    expect(shown(texts)).toEqual(["9.9.9.9", "10.0.0.0/24", "10.0.1.0", "fd77::/64"]);
  });

  it("holds the same hosts afterwards, and none twice", () => {
    const octet = fc.integer({ min: 1, max: 3 });
    const network = fc.tuple(octet, octet, fc.constantFrom(8, 16, 24, 32)).map(([a, b, prefix]) => {
      const parts = [10 + a, prefix > 8 ? b : 0, prefix > 16 ? a : 0, prefix > 24 ? b : 0];
      return `${parts.join(".")}/${prefix}`;
    });
    const covers = (list: readonly string[], host: string) =>
      list.filter((text) => {
        const { address, prefix } = read(text);
        const bits = (ip: string) =>
          ip
            .split(".")
            .map((part) => Number(part).toString(2).padStart(8, "0"))
            .join("");
        return bits(address).slice(0, prefix) === bits(host).slice(0, prefix);
      }).length;
    fc.assert(
      fc.property(fc.array(network, { maxLength: 8 }), fc.tuple(octet, octet, octet, octet), (list, [a, b, c, d]) => {
        const host = `${10 + a}.${b}.${c}.${d}`;
        expect(covers(shown(list), host)).toBe(Math.min(1, covers(list, host)));
      }),
    );
  });
});
