import { afterEach, describe, expect, it } from "vitest";
import { SettingsError } from "../runtime/errors.ts";
import type { Medium } from "./medium.ts";

/** A place that several media can be opened on, one after the other or at once. */
export interface MediumPlace {
  open(): Medium;
  remove(): Promise<void>;
}

/** What every medium must do. Durability itself is proven by kill tests (store-kill.test.ts); here it is behaviour. */
export function describeMedium(title: string, createPlace: () => Promise<MediumPlace>): void {
  describe(title, () => {
    const cleanups: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });
    async function place(): Promise<MediumPlace> {
      const made = await createPlace();
      cleanups.push(() => made.remove());
      return made;
    }
    function opened(from: MediumPlace): Medium {
      const medium = from.open();
      cleanups.push(() => medium.close());
      return medium;
    }

    it("reads back what was written in parts, whole and in ranges", async () => {
      const medium = opened(await place());
      await medium.write("packs/data/3f/3fa0", [Buffer.from("hello "), Buffer.alloc(0), Buffer.from("world")]);
      expect((await medium.readRange("packs/data/3f/3fa0", 0, 100)).toString()).toBe("hello world");
      expect((await medium.readRange("packs/data/3f/3fa0", 6, 3)).toString()).toBe("wor");
      expect((await medium.readRange("packs/data/3f/3fa0", 11, 5)).length).toBe(0);
    });

    it("writes more parts than one system call takes", async () => {
      const medium = opened(await place());
      const parts = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index},`));
      await medium.write("index/many", parts);
      expect((await medium.readRange("index/many", 0, 1 << 20)).equals(Buffer.concat(parts))).toBe(true);
    });

    it("lists names and lengths below a prefix, and nothing for a prefix that holds nothing", async () => {
      const medium = opened(await place());
      for (const name of ["packs/data/aa/aa1", "packs/data/ab/ab1", "packs/tree/aa/aa2", "index/1"]) {
        await medium.write(name, [Buffer.from(name)]);
      }
      const names = async (prefix: string) => (await medium.list(prefix)).map(({ name }) => name).sort();
      expect(await names("packs/data/")).toEqual(["packs/data/aa/aa1", "packs/data/ab/ab1"]);
      expect(await names("packs/")).toHaveLength(3);
      expect(await names("snapshots/")).toEqual([]);
      expect(await medium.list("index/")).toEqual([{ name: "index/1", bytes: 7 }]);
    });

    it("never overwrites: a taken name is EEXIST and keeps its content", async () => {
      const medium = opened(await place());
      await medium.write("snapshots/a", [Buffer.from("first")]);
      await expect(medium.write("snapshots/a", [Buffer.from("second")])).rejects.toMatchObject({ code: "EEXIST" });
      expect((await medium.readRange("snapshots/a", 0, 10)).toString()).toBe("first");
    });

    it("says ENOENT for a file that is not there, and takes deleting it for done", async () => {
      const medium = opened(await place());
      await expect(medium.readRange("packs/data/00/0", 0, 1)).rejects.toMatchObject({ code: "ENOENT" });
      await medium.delete("packs/data/00/0");
    });

    it("deletes a file, also one that was just read, and shows it to nobody any more", async () => {
      const where = await place();
      const medium = opened(where);
      await medium.write("packs/data/00/0", [Buffer.from("x")]);
      await medium.readRange("packs/data/00/0", 0, 1);
      await medium.delete("packs/data/00/0");
      await expect(medium.readRange("packs/data/00/0", 0, 1)).rejects.toMatchObject({ code: "ENOENT" });
      expect(await opened(where).list("packs/")).toEqual([]);
    });

    it("moves a file to a free name and to no other", async () => {
      const medium = opened(await place());
      await medium.write("packs/data/00/0", [Buffer.from("x")]);
      await medium.write("damaged/taken", [Buffer.from("y")]);
      await medium.readRange("packs/data/00/0", 0, 1);
      await expect(medium.move("packs/data/00/0", "damaged/taken")).rejects.toMatchObject({ code: "EEXIST" });
      expect((await medium.readRange("packs/data/00/0", 0, 1)).toString()).toBe("x");
      await medium.move("packs/data/00/0", "damaged/packs/data/00/0");
      await expect(medium.readRange("packs/data/00/0", 0, 1)).rejects.toMatchObject({ code: "ENOENT" });
      expect((await medium.readRange("damaged/packs/data/00/0", 0, 1)).toString()).toBe("x");
      await expect(medium.move("packs/data/00/0", "damaged/z")).rejects.toMatchObject({ code: "ENOENT" });
    });

    it("shows another opener everything that was written before", async () => {
      const where = await place();
      const first = opened(where);
      await first.write("index/1", [Buffer.from("x")]);
      await first.close();
      expect(await opened(where).list("index/")).toEqual([{ name: "index/1", bytes: 1 }]);
    });

    it("gives the lock to one at a time, twice to the same, and again after release", async () => {
      const where = await place();
      const first = opened(where);
      const second = opened(where);
      await first.lock();
      await first.lock();
      await expect(second.lock()).rejects.toBeInstanceOf(SettingsError);
      await first.release();
      await second.lock();
      await second.close();
      await first.lock();
    });

    it("keeps concurrent writes and reads apart", async () => {
      const medium = opened(await place());
      const names = Array.from({ length: 40 }, (_, index) => `packs/data/00/${index}`);
      await Promise.all(names.map((name) => medium.write(name, [Buffer.from(name)])));
      const read = await Promise.all(names.map((name) => medium.readRange(name, 0, 100)));
      expect(read.map(String)).toEqual(names);
    });
  });
}
