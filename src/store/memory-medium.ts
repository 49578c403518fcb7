import type { Medium } from "./medium.ts";
import { StoreOpenError } from "./store-open-error.ts";

/** A medium for tests: what survives a power cut is `files`. Several media over the same map are the same place. */
export function createMemoryMedium(
  files: Map<string, Buffer> = new Map(),
  holder: { held: boolean } = { held: false },
): Medium {
  let isOurs = false;
  const release = () => {
    if (isOurs) holder.held = false;
    isOurs = false;
  };
  return {
    name: "memory",
    async lock() {
      if (isOurs) return;
      if (holder.held) throw new StoreOpenError("in-use", "memory is held by another medium of this test");
      holder.held = true;
      isOurs = true;
    },
    async release() {
      release();
    },
    async list(prefix) {
      return [...files]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { length }]) => ({ name, bytes: length }));
    },
    async readRange(name, offset, length) {
      const bytes = files.get(name);
      if (bytes === undefined) throw Object.assign(new Error(`${name}: no such file`), { code: "ENOENT" });
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
    async write(name, parts) {
      if (files.has(name)) throw Object.assign(new Error(`${name}: exists`), { code: "EEXIST" });
      files.set(name, Buffer.concat(parts));
    },
    async delete(name) {
      files.delete(name);
    },
    async move(from, to) {
      const bytes = files.get(from);
      if (bytes === undefined) throw Object.assign(new Error(`${from}: no such file`), { code: "ENOENT" });
      if (files.has(to)) throw Object.assign(new Error(`${to}: exists`), { code: "EEXIST" });
      files.set(to, bytes);
      files.delete(from);
    },
    async sweep() {
      return 0;
    },
    async close() {
      release();
    },
  };
}
