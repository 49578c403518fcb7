import fc from "fast-check";
import { expect, it } from "vitest";
import { openingLine, perAddress } from "./opening.ts";
import { anyOpening } from "./opening-fixture.ts";
import { hasPriority, JOB_PRIORITY, OWN_PRIORITY, openingOfRichRule, richRule } from "./rich-rule.ts";

it("reads back every rule that it writes", () => {
  const incoming = anyOpening({ countMax: 3 }).filter(({ direction }) => direction === "in");
  fc.assert(
    fc.property(incoming, (opening) => {
      for (const each of perAddress(opening)) {
        for (const ports of each.ports.length === 0 ? [[]] : each.ports.map((range) => [range])) {
          const one = { ...each, ports, comment: "" };
          const text = richRule(one);
          expect(hasPriority(text, OWN_PRIORITY)).toBe(true);
          const back = openingOfRichRule(text);
          expect(back && openingLine(back)).toBe(openingLine(one));
        }
      }
    }),
  );
});

it.each([
  `rule family="ipv4" source address="10.77.1.10" port port="5" protocol="tcp" accept`,
  `rule priority="${OWN_PRIORITY}" family="ipv4" source NOT address="10.77.1.10" port port="5" protocol="tcp" accept`,
  `rule priority="${OWN_PRIORITY}" family="ipv4" port port="5" protocol="tcp" log accept`,
  `rule priority="${OWN_PRIORITY}" family="ipv4" port port="5" protocol="tcp" drop`,
  `rule priority="${OWN_PRIORITY}" family="ipv4" service name="ssh" accept`,
])("does not take for ours: %s", (rule) => {
  const isOurs = hasPriority(rule, OWN_PRIORITY) && openingOfRichRule(rule) !== undefined;
  expect(isOurs).toBe(false);
});

it("openings of jobs are told from standing ones", () => {
  const opening = {
    direction: "in",
    family: 4,
    transport: "tcp",
    from: [],
    to: [],
    ports: [{ from: 1, to: 1 }],
    comment: "",
  } as const;
  expect(hasPriority(richRule(opening, JOB_PRIORITY), OWN_PRIORITY)).toBe(false);
});
