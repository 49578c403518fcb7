import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { codeOf } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { alertOf } from "./fixtures/alert-fixture.ts";
import { openSpool } from "./open-spool.ts";

// A real full disk: a file system in memory of 32 MiB. Mounting needs root; elsewhere this test is skipped.

const folder = mkdtempSync(join(tmpdir(), "rusuban-full-disk-"));
const isMounted = mount();
afterAll(() => {
  if (isMounted) execFileSync("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true });
});

function mount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Takes every byte that is left. */
function fillDisk(): void {
  const file = openSync(join(folder, "filler"), "a");
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch (error) {
    expect(codeOf(error)).toBe("ENOSPC");
  } finally {
    closeSync(file);
  }
}

it.skipIf(!isMounted)(
  "on a full disk alerts are still kept and leave, and nothing disappears when space runs out",
  async () => {
    const file = join(folder, "spool.db");
    const needs = { file, clock: new FakeClock(), random: systemRandom, log: silentLog };
    const spool = await openSpool(needs);
    await spool.add([alertOf(0)]);
    fillDisk();

    // The alert that says why.
    await spool.add([alertOf(1, { kind: "raised", severity: "critical", summary: "file system / is full" })]);
    const first = spool.next(10, 0);
    expect(first.map(({ alert }) => alert.summary)).toEqual(["number 0", "file system / is full"]);
    spool.remove(first.map(({ alert }) => alert.id));

    // Far more than the reserve holds.
    const count = 6_000;
    for (let number = 10; number < 10 + count; number += 10) {
      await spool.add(Array.from({ length: 10 }, (_, n) => alertOf(number + n, { severity: "information" })));
    }
    expect(spool.counts().full).toBe(true);
    expect(spool.counts().alerts).toBeGreaterThan(500);
    await spool.add([alertOf(2, { severity: "fatal" })]);
    spool.close();

    const again = await openSpool(needs);
    let kept = 0;
    let summedUp = 0;
    const conditions = new Set<string>();
    for (let some = again.next(256, 0); some.length > 0; some = again.next(256, 0)) {
      for (const { alert } of some) {
        conditions.add(`${alert.condition} ${alert.kind} ${alert.severity}`);
        if (alert.condition === "spool.folded") summedUp += Number.parseInt(alert.summary, 10);
        else if (alert.severity === "information" && alert.kind === "event") kept += 1;
      }
      again.remove(some.map(({ alert }) => alert.id));
    }
    expect(kept + summedUp).toBe(count);
    expect(kept).toBeGreaterThan(500);
    expect([...conditions]).toContain("filesystem.filling event fatal");
    expect([...conditions]).toContain("spool.full cleared information");

    unlinkSync(join(folder, "filler"));
    await again.add(Array.from({ length: 5_000 }, (_, number) => alertOf(number)));
    expect(again.counts()).toMatchObject({ alerts: 5_000, full: false });
    again.close();
  },
);
