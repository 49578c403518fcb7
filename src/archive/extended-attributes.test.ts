import { beforeEach, describe, expect, it, vi } from "vitest";
import { AttributeReader, hasAttributes, writeAttributes } from "./extended-attributes.ts";
import { close, type Directory, type FileStatus, openDirectory, status } from "./file-calls.ts";
import type { Libc } from "./libc.ts";

// What file systems answer that no test can mount.

const answers: { libc: Partial<Libc> } = { libc: {} };

vi.mock("./libc.ts", async (original) => ({
  ...(await original<typeof import("./libc.ts")>()),
  libc: () => answers.libc,
}));

const refusal = (code: string) => Object.assign(new Error(`${code}: told so`), { code });
const refuse = (code: string) => () => {
  throw refusal(code);
};
const names = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const place: Directory = { fd: 0, base: Buffer.from("/nowhere/") };
const name = Buffer.from("x");
const root = openDirectory(Buffer.from("/"));
const some: FileStatus = status(root.fd);
close(root.fd);

function read(libc: Partial<Libc>, reader = new AttributeReader(), what = some) {
  answers.libc = libc;
  return reader.readAt(place, name, what);
}

beforeEach(() => {
  answers.libc = {};
});

describe("reading attributes", () => {
  it("gives them in the order of their names, whatever the system's is", () => {
    const libc = { llistxattr: () => names("user.b", "system.z", "user.a"), lgetxattr: (_: Buffer, of: Buffer) => of };
    expect(read(libc).xattrs?.map((xattr) => xattr.name.toString())).toEqual(["system.z", "user.a", "user.b"]);
  });

  it("asks for no value where there is none, once for each entry", () => {
    const llistxattr = vi.fn(() => []);
    expect(read({ llistxattr, lgetxattr: refuse("EIO") })).toEqual({});
    expect(llistxattr).toHaveBeenCalledTimes(1);
  });

  it("stops asking a file system that has none, for entries of that type there alone", () => {
    const reader = new AttributeReader();
    const llistxattr = vi.fn(refuse("ENOTSUP"));
    for (let count = 0; count < 3; count++) expect(read({ llistxattr }, reader)).toEqual({});
    expect(llistxattr).toHaveBeenCalledTimes(1);
    read({ llistxattr }, reader, { ...some, device: -1n });
    read({ llistxattr }, reader, { ...some, type: "symlink" });
    expect(llistxattr).toHaveBeenCalledTimes(3);
  });

  it("keeps what it can read, says what it cannot, and has the next backup ask again", () => {
    const lgetxattr = (_: Buffer, of: Buffer) => (of.toString() === "user.secret\0" ? refuse("EACCES")() : of);
    const reading = read({ llistxattr: () => names("user.secret", "user.z"), lgetxattr });
    expect(reading).toMatchObject({
      xattrsUnread: true,
      shortfall: { code: "EACCES" },
      xattrs: [{ name: Buffer.from("user.z") }],
    });
    expect(reading.shortfall?.problem).toContain("user.secret");
    expect(read({ llistxattr: refuse("EIO") })).toMatchObject({ xattrsUnread: true, shortfall: { code: "EIO" } });
  });

  it("does not miss one that is taken away meanwhile", () => {
    const libc = { llistxattr: () => names("user.gone"), lgetxattr: refuse("ENODATA") };
    expect(read(libc)).toEqual({ xattrs: [] });
  });

  it("keeps no more than a tree can hold, and says so", () => {
    const list = Array.from({ length: 100 }, (_, index) => `user.${index}`);
    const reading = read({ llistxattr: () => names(...list), lgetxattr: () => Buffer.alloc(65_536) });
    expect(reading).toMatchObject({ xattrsUnread: true, shortfall: { code: "E2BIG" } });
    expect(reading.xattrs).toHaveLength(63);
  });
});

describe("writing attributes", () => {
  it("leaves the host's security labels, and what it cannot judge, where they are", () => {
    const removed: string[] = [];
    answers.libc = {
      listxattr: () =>
        names("security.selinux", "security.capability", "user.x", "system.nfs4_acl", "trusted.y", "user.kept"),
      removexattr: (_, of) => void removed.push(of.toString()),
      setxattr: () => {},
    };
    writeAttributes(0, { xattrs: [{ name: Buffer.from("user.kept"), value: name }] }, () => {});
    expect(removed).toEqual(["security.capability\0", "user.x\0", "trusted.y\0"]);
    removed.length = 0;
    writeAttributes(0, { xattrsUnread: true }, () => {});
    expect(removed).toEqual([]);
  });

  it("tells of each that is refused and goes on", () => {
    const told: string[] = [];
    const set: string[] = [];
    answers.libc = {
      listxattr: () => names("user.old"),
      removexattr: refuse("EPERM"),
      setxattr: (_, of) => (of.toString().startsWith("trusted") ? refuse("EPERM")() : void set.push(of.toString())),
    };
    const xattrs = names("trusted.a", "user.b").map((of) => ({ name: of, value: name }));
    writeAttributes(0, { xattrs }, (error, what) => told.push(`${what} ${(error as { code: string }).code}`));
    expect(told).toEqual(["user.old EPERM", "trusted.a EPERM"]);
    expect(set).toEqual(["user.b\0"]);
  });
});

describe("comparing attributes", () => {
  it("takes what cannot be read for the same", () => {
    const node = { name, xattrs: [{ name: Buffer.from("user.x"), value: name }] };
    answers.libc = { llistxattr: refuse("ENOTSUP") };
    expect(hasAttributes(place, node)).toBe(true);
    answers.libc = { llistxattr: () => names("user.x"), lgetxattr: refuse("EACCES") };
    expect(hasAttributes(place, node)).toBe(true);
    answers.libc = { llistxattr: () => names("user.x"), lgetxattr: () => Buffer.from("other") };
    expect(hasAttributes(place, node)).toBe(false);
  });
});
