import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture } from "./fixtures/recorded-system.ts";
import { parseMountTable, selectMounts } from "./mount-table.ts";
import { visibleName } from "./visible-name.ts";

function names(table: string | Buffer): string[] {
  return selectMounts(parseMountTable(Buffer.from(table as string))).map(({ mountPoint }) => visibleName(mountPoint));
}

describe("the mount table of a real Debian", () => {
  it("shows each real file system once, under its name, and nothing else", () => {
    expect(names(fixture("debian-12/proc/self/mountinfo"))).toEqual([
      "/",
      "/srv/srv", // Not its bind mounts and not the second mount of the same device.
      "/srv/with space",
      "/srv/new\\u{a}line", // What was mounted last on this point.
      "/srv/\\xff\\xfe",
      "/srv/back\\\\slash2",
    ]);
  });

  it("gives the exact bytes of a mount point that is not UTF-8", () => {
    const mounts = selectMounts(parseMountTable(fixture("debian-12/proc/self/mountinfo")));
    expect(mounts.map(({ mountPoint }) => mountPoint.toString("latin1"))).toContain("/srv/\xff\xfe");
  });
});

describe("choosing file systems", () => {
  const line = (device: string, root: string, point: string, type: string, options = "rw", superOptions = "rw") =>
    `40 1 ${device} ${root} ${point} ${options},relatime shared:1 master:2 - ${type} source ${superOptions}`;

  it("prefers / for a file system that is mounted several times", () => {
    expect(names([line("8:1", "/", "/sysroot", "ext4"), line("8:1", "/deploy/0", "/", "ext4")].join("\n"))).toEqual([
      "/",
    ]);
  });

  it("keeps the first subvolume of a btrfs that has its top nowhere", () => {
    expect(
      names([line("0:31", "/@home", "/home", "btrfs"), line("0:31", "/@srv", "/srv", "btrfs")].join("\n")),
    ).toEqual(["/home"]);
  });

  it("leaves out images, container files, control files and views", () => {
    const noise = [
      line("7:9", "/", "/snap/core/1", "squashfs"),
      line("8:1", "/var/lib/containers/x/hosts", "/etc/hosts", "ext4"),
      line("0:50", "/", "/var/lib/docker/overlay2/x/merged", "overlay"),
      line("0:51", "/", "/run/user/1000/doc", "fuse.portal"),
      line("0:52", "/", "/misc", "autofs"),
      line("8:2", "/", "/mnt/cd", "ext4", "ro"),
    ];
    expect(names(noise.join("\n"))).toEqual([]);
  });

  it("knows what another machine answers for", () => {
    const table = [
      line("0:60", "/", "/mnt/nas", "nfs4"),
      line("0:61", "/", "/mnt/far", "fuse.sshfs"),
      line("8:1", "/", "/", "ext4"),
    ];
    const mounts = selectMounts(parseMountTable(Buffer.from(table.join("\n"))));
    expect(mounts.map(({ remote }) => remote)).toEqual([true, true, false]);
  });

  it("tells a file system that the kernel made read-only from one that was mounted so", () => {
    const table = [
      line("8:1", "/", "/", "ext4", "rw", "ro,errors=remount-ro"),
      line("8:2", "/", "/b", "ext4", "ro", "ro"),
    ];
    expect(selectMounts(parseMountTable(Buffer.from(table.join("\n"))))).toMatchObject([{ writable: false }]);
  });

  it("survives every cut of a real table and loses at most the line that was cut", () => {
    const table = fixture("debian-12/proc/self/mountinfo");
    const whole = parseMountTable(table).length;
    expect(whole).toBe(table.toString("latin1").trim().split("\n").length);
    for (let bytes = 0; bytes < table.length; bytes += 7) {
      const lines = table.subarray(0, bytes).toString("latin1").split("\n").length;
      expect(parseMountTable(table.subarray(0, bytes)).length).toBeGreaterThanOrEqual(lines - 1);
    }
  });

  it("takes any bytes without failing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        selectMounts(parseMountTable(Buffer.from(bytes)));
      }),
    );
  });
});

describe("visible names", () => {
  it("are one line, within the limit, and different for different bytes", () => {
    const path = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(visibleName(one)).not.toMatch(/[\p{C}\n]/u);
        expect(Buffer.byteLength(visibleName(one))).toBeLessThan(500);
        if (!one.equals(other)) expect(visibleName(one)).not.toBe(visibleName(other));
      }),
    );
  });

  it("keep a name of other scripts, and disarm one that reverses the line", () => {
    expect(visibleName(Buffer.from("/srv/写真"))).toBe("/srv/写真");
    expect(visibleName(Buffer.from("/srv/\u202etxt"))).toBe("/srv/\\u{202e}txt");
  });
});
