import { expect, it } from "vitest";
import { formatMode } from "./mode.ts";

it.each([
  ["file", 0o644, "-rw-r--r--"],
  ["directory", 0o755, "drwxr-xr-x"],
  ["directory", 0o1777, "drwxrwxrwt"],
  ["directory", 0o1770, "drwxrwx--T"],
  ["file", 0o4755, "-rwsr-xr-x"],
  ["file", 0o6644, "-rwSr-Sr--"],
  ["symlink", 0o777, "lrwxrwxrwx"],
  ["fifo", 0, "p---------"],
  ["character-device", 0o620, "crw--w----"],
  ["block-device", 0o100660, "brw-rw----"],
  ["socket", 0o700, "srwx------"],
] as const)("a %s of mode %o is shown as ls does: %s", (kind, mode, shown) => {
  expect(formatMode(kind, mode)).toBe(shown);
});
