import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { backUp, createFixtureStore, openFixtureStore } from "./store-fixture.ts";

async function heldStore() {
  const { store, files } = await createFixtureStore();
  const held = await backUp(store, { a: systemRandom(1_000) });
  const other = await backUp(store, { b: systemRandom(1_000) });
  await store.holdSnapshot(held, "audit 2026");
  return { store, files, held, other };
}

describe("a snapshot on hold", () => {
  it("cannot be forgotten, after reopening neither, until the hold is taken back", async () => {
    const { store, files, held } = await heldStore();
    await expect(store.forgetSnapshot(held)).rejects.toThrow(/is on hold: audit 2026/);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect(reopened.listHolds()).toEqual([{ snapshot: held, reason: "audit 2026", heldAtMs: 1_800_000_000_000 }]);
    await expect(reopened.forgetSnapshot(held)).rejects.toThrow(/is on hold: audit 2026/);
    await reopened.releaseHold(held);
    await reopened.forgetSnapshot(held);
    expect([...files.keys()].filter((name) => name.includes("holds/"))).toEqual([]);
    await reopened.close();
  });

  it("stays in every plan", async () => {
    const { store, held, other } = await heldStore();
    expect(store.planRetention({ last: 1 }, { timeZone: "UTC" })).toMatchObject([
      { snapshot: { id: held }, keep: true, reasons: ["on hold: audit 2026"] },
      { snapshot: { id: other }, keep: true },
    ]);
  });

  it("is held by a file that cannot be read as well, and by its copy alone", async () => {
    const { store, files, held } = await heldStore();
    await store.close();
    for (const damage of [() => files.set(`holds/${held}`, Buffer.from("x")), () => files.delete(`holds/${held}`)]) {
      damage();
      const reopened = await openFixtureStore(files);
      await expect(reopened.forgetSnapshot(held)).rejects.toThrow(/is on hold/);
      await reopened.close();
    }
  });

  it("takes another reason, and refuses one that is too long and a snapshot that is none", async () => {
    const { store, files, held } = await heldStore();
    await store.holdSnapshot(held, "court order");
    await expect(store.holdSnapshot(held, "x".repeat(600))).rejects.toMatchObject({ name: "WireError" });
    await expect(store.holdSnapshot("01a3185c-5000-796d-942b-d29a1dd048f6", "")).rejects.toThrow(/is not in/);
    await expect(store.releaseHold("01a3185c-5000-796d-942b-d29a1dd048f6")).rejects.toThrow(/is not on hold/);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect(reopened.listHolds()).toMatchObject([{ reason: "court order" }]);
    await reopened.close();
  });
});
