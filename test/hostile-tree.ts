import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Makes what breaks backup programs below `root`. Devices and foreign owners only as root. */
export function makeHostileTree(root: string): void {
  const isRoot = process.geteuid?.() === 0;
  mkdirSync(root, { recursive: true });
  const at = (...names: string[]) => join(root, ...names);
  const bytesAt = (name: Buffer) => Buffer.concat([Buffer.from(`${root}/`), name]);

  writeFileSync(at("new\nline"), "newline in the name");
  writeFileSync(at(" leading and trailing "), "spaces");
  writeFileSync(at("-rf"), "a flag");
  writeFileSync(at("日本語"), "名前");
  writeFileSync(bytesAt(Buffer.from([0xff, 0xfe, 0x80])), "not UTF-8");
  writeFileSync(at("x".repeat(255)), "the longest name");
  writeFileSync(at("empty"), "");
  writeFileSync(at("small"), "some text ".repeat(30));
  writeFileSync(
    at("large"),
    Buffer.concat([randomBytes(300_000), Buffer.alloc(200_000, "text "), randomBytes(1_000_000)]),
  );
  writeFileSync(at("just a chunk"), randomBytes(131_073));

  let deep = root;
  // 14 levels of 200 bytes: 2,900 bytes of path with relative calls only where the system allows.
  for (let level = 0; level < 14; level++) {
    deep = join(deep, `${level}-${"d".repeat(196)}`);
    mkdirSync(deep);
  }
  writeFileSync(join(deep, "bottom"), "deep down");

  mkdirSync(at("empty directory"));
  mkdirSync(at("links"));
  symlinkSync("../small", at("links", "to a file"));
  symlinkSync("nowhere/at/all", at("links", "dangling"));
  symlinkSync("loop b", at("links", "loop a"));
  symlinkSync("loop a", at("links", "loop b"));
  symlinkSync("/etc", at("links", "absolute"));
  symlinkSync(Buffer.from([0x80, 0x81]), at("links", "target not UTF-8"));
  linkSync(at("small"), at("links", "hard"));
  linkSync(at("large"), at("links", "hard large"));
  linkSync(at("links", "dangling"), at("links", "hard-linked symlink"));
  linkSync(at("empty"), at("a second name of the empty file"));

  mkdirSync(at("modes"));
  for (const mode of [0o4755, 0o2755, 0o6711, 0o600, 0o400, 0o777, ...(isRoot ? [0o000] : [])]) {
    writeFileSync(at("modes", mode.toString(8)), "");
    if (isRoot && mode === 0o4755) chownSync(at("modes", "4755"), 1234, 4321);
    chmodSync(at("modes", mode.toString(8)), mode);
  }
  mkdirSync(at("sticky"));
  chmodSync(at("sticky"), 0o1777);
  if (isRoot) lchownSync(at("links", "dangling"), 77, 78);

  spawnSync("mkfifo", [at("fifo")]);
  if (isRoot) {
    spawnSync("mknod", [at("null device"), "c", "1", "3"]);
    spawnSync("mknod", [at("big device"), "b", "4095", "1048575"]);
  }

  utimesSync(at("small"), 1_000_000_000.5, 1_600_000_000.25);
  utimesSync(at("empty"), "-315619200", "-315619200"); // 1960
  utimesSync(at("日本語"), 2_240_000_000, 2_240_000_000); // 2040
  lutimesSync(at("links", "dangling"), 981_173_106, 981_173_106);

  mkdirSync(at("read-only"));
  writeFileSync(at("read-only", "inside"), "cannot be added later");
  chmodSync(at("read-only", "inside"), 0o444);
  utimesSync(at("read-only"), 1_111_111_111, 1_111_111_111);
  chmodSync(at("read-only"), 0o555);
}

/** A file of `bytes` that takes no space. */
export function makeSparseFile(path: string, bytes: number): void {
  const fd = openSync(path, "w");
  spawnSync("truncate", ["-s", String(bytes), path]);
  closeSync(fd);
}
