import fc from "fast-check";
import { normalize, type Opening } from "./opening.ts";

const port = fc.integer({ min: 1, max: 65_535 });
const range = fc.oneof(
  port.map((from) => ({ from, to: from })),
  fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
);
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((parts) => parts.join("."));
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 })
  .map((groups) => ["2001", ...groups.map((group) => group.toString(16))].join(":"));
const comment = fc.stringMatching(/^[a-z0-9:._-]{1,60}$/).map((text) => `rusuban:${text}`);

/** Any opening that we ever write, normalised; loopback and the like apart, which no peer has. */
export function anyOpening({ countMax }: { readonly countMax: number }): fc.Arbitrary<Opening> {
  return fc
    .constantFrom(4 as const, 6 as const)
    .chain((family) => {
      const single = family === 4 ? ipv4.filter((address) => !address.startsWith("127.")) : ipv6;
      const network = fc
        .tuple(single, fc.integer({ min: 8, max: family === 4 ? 32 : 128 }))
        .map(([address, bits]) => `${address}/${bits}`);
      const addresses = fc.array(fc.oneof(single, network), { maxLength: countMax });
      return fc.record({
        direction: fc.constantFrom("in" as const, "out" as const, "forward" as const),
        family: fc.constant(family),
        transport: fc.constantFrom("tcp" as const, "udp" as const, "icmp" as const),
        from: addresses,
        to: addresses,
        ports: fc.array(range, { minLength: 1, maxLength: countMax }),
        comment,
      });
    })
    .map(({ from, to, ports, ...opening }) => {
      // As openingsOf makes them: a host's own address is not in its own rules.
      const ends = { from: opening.direction === "out" ? [] : from, to: opening.direction === "in" ? [] : to };
      return normalize({ ...opening, ...ends, ports: opening.transport === "icmp" ? [] : ports });
    });
}
