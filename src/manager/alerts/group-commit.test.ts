import { expect, it } from "vitest";
import { type Batch, createGroupCommit } from "./group-commit.ts";

function createRecorder({ itemsMax = 10, hold = false } = {}) {
  const groups: string[][] = [];
  let failure: ((batches: readonly Batch<number>[]) => void) | undefined;
  const gate = Promise.withResolvers<void>();
  const commits = createGroupCommit<number>({
    itemsMax,
    async commit(batches) {
      groups.push(batches.map(({ teller, items }) => `${teller}${items.length}`));
      if (hold && groups.length === 1) await gate.promise;
      failure?.(batches);
      return batches.map(({ teller }) => (teller === "stranger" ? new Error("who?") : undefined));
    },
    isFaultOfOne: (error) => error instanceof RangeError,
  });
  return {
    ...commits,
    groups,
    open: () => gate.resolve(),
    failWhen(check: typeof failure) {
      failure = check;
    },
  };
}

const items = (count: number) => Array.from({ length: count }, (_, index) => index);

it("commits what comes together in one go", async () => {
  const { write, groups } = createRecorder();
  await Promise.all(["a", "b", "c"].map((teller) => write({ teller, items: items(2) })));
  expect(groups).toEqual([["a2", "b2", "c2"]]);
});

it("answers only after the commit", async () => {
  const { write, groups, open } = createRecorder({ hold: true });
  let answered = false;
  const written = write({ teller: "a", items: [1] }).then(() => {
    answered = true;
  });
  while (groups.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  open();
  await written;
});

it("gives each teller its turn: a flood delays another by a batch, not by the flood", async () => {
  const { write, groups, open } = createRecorder({ itemsMax: 4, hold: true });
  const flood = items(10).map(() => write({ teller: "flood", items: items(2) }));
  while (groups.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const others = ["x", "y"].map((teller) => write({ teller, items: items(1) }));
  open();
  await Promise.all([...flood, ...others]);
  expect(groups).toEqual([
    ["flood2", "flood2"],
    ["flood2", "x1", "y1"],
    ["flood2", "flood2"],
    ["flood2", "flood2"],
    ["flood2", "flood2"],
    ["flood2"],
  ]);
});

it("keeps the order of one teller", async () => {
  const order: number[] = [];
  const { write } = createGroupCommit<number>({
    itemsMax: 3,
    async commit(batches) {
      for (const batch of batches) if (batch.teller === "a") order.push(...batch.items);
      return [];
    },
    isFaultOfOne: () => false,
  });
  await Promise.all(
    items(20).flatMap((number) => [write({ teller: "a", items: [number] }), write({ teller: "b", items: [0] })]),
  );
  expect(order).toEqual(items(20));
});

it("takes a batch that is larger than a group by itself", async () => {
  const { write, groups } = createRecorder({ itemsMax: 4 });
  await Promise.all([write({ teller: "a", items: items(9) }), write({ teller: "b", items: items(1) })]);
  expect(groups).toEqual([["a9"], ["b1"]]);
});

it("turns away one batch without the others", async () => {
  const { write } = createRecorder();
  const results = await Promise.allSettled(["a", "stranger", "b"].map((teller) => write({ teller, items: [1] })));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

it("tries each by itself where one of them spoils the commit", async () => {
  const { write, groups, failWhen } = createRecorder();
  failWhen((batches) => {
    if (batches.some(({ teller }) => teller === "bad")) throw new RangeError("bad data");
  });
  const results = await Promise.allSettled(["a", "bad", "b"].map((teller) => write({ teller, items: [1] })));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(groups).toEqual([["a1", "bad1", "b1"], ["a1"], ["bad1"], ["b1"]]);
});

it("fails all at once where the database itself failed, and goes on with what comes later", async () => {
  const { write, groups, failWhen, idle } = createRecorder();
  failWhen(() => {
    throw new Error("disk full");
  });
  const results = await Promise.allSettled(["a", "b"].map((teller) => write({ teller, items: [1] })));
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(groups).toHaveLength(1);
  failWhen(undefined);
  await write({ teller: "a", items: [1] });
  await idle();
  expect(groups).toHaveLength(2);
});
