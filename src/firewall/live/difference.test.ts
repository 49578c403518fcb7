import { expect, it } from "vitest";
import { differenceOf, isSame, unifiedText } from "./difference.ts";
import { normalize, type PlacedOpening } from "./opening.ts";

const entry = (place: string, port: number): PlacedOpening => ({
  place,
  opening: normalize({
    direction: "in",
    family: 4,
    transport: "tcp",
    from: [],
    to: [],
    ports: [{ from: port, to: port }],
    comment: "rusuban:a",
  }),
});

it("shows what stays, goes and comes, in the form of diff -u", () => {
  const live = { ufw: [entry("ufw", 1), entry("ufw", 2)] };
  const wanted = { ufw: [entry("ufw", 2), entry("ufw", 3)] };
  expect(unifiedText(differenceOf(live, wanted, ["ufw: a stranger"]))).toEqual([
    "--- now",
    "+++ wanted",
    "@@ -1,3 +1,2 @@",
    "-ufw: a stranger",
    "-ufw: in tcp from any IPv4 port 1 # rusuban:a",
    " ufw: in tcp from any IPv4 port 2 # rusuban:a",
    "+ufw: in tcp from any IPv4 port 3 # rusuban:a",
  ]);
});

it("says nothing where nothing differs, also in another order", () => {
  const lines = differenceOf({ ufw: [entry("ufw", 1), entry("ufw", 2)] }, { ufw: [entry("ufw", 2), entry("ufw", 1)] });
  expect(isSame(lines)).toBe(true);
  expect(unifiedText(lines)).toEqual([]);
});
