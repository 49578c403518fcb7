import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { systemRandom } from "../runtime/random.ts";
import { ByteWriter } from "./bytes.ts";
import type { TreeNode } from "./tree.ts";
import { encodeBranch, encodeList, LeafBuilder, type NodeDraft } from "./tree-builder.ts";
import { decodeTree, decodeTreeLinks } from "./tree-reader.ts";

const chunk = Buffer.alloc(32, 0xcc);
const subtree = Buffer.alloc(32, 0x77);
const chunkReference = { id: chunk };
const subtreeReference = { id: subtree };
const base = { mode: 0o640, uid: 1000, gid: 100, mtimeNs: 1_700_000_000_123_456_789n, ctimeNs: 5n, inode: 2n ** 63n };

const NODES: readonly NodeDraft[] = [
  {
    ...base,
    name: Buffer.from("a\nb"),
    type: "directory",
    tree: subtreeReference,
    userName: "太郎",
    groupName: "users",
  },
  { ...base, name: Buffer.from("block"), type: "blockDevice", rdev: 0x801n },
  {
    ...{
      ...base,
      name: Buffer.from("file"),
      type: "file" as const,
      size: 30,
      unsettled: true,
      mtimeNs: -1n,
      ctimeNs: -(10n ** 18n),
    },
    ...{ atimeNs: 9_999_999_999_999_999_999n, hardLink: { device: 3, links: 2 }, mode: 0o7777, userName: "太郎" },
    xattrs: [{ name: Buffer.from("user.x"), value: Buffer.from([0, 255]) }],
    xattrsUnread: true,
    content: {
      kind: "pieces",
      pieces: [
        { kind: "data", chunk: chunkReference, offset: 4, length: 10 },
        { kind: "hole", length: 12 },
        { kind: "data", chunk: chunkReference, offset: 0, length: 8 },
      ],
    },
  },
  {
    ...base,
    name: Buffer.from("long"),
    type: "file",
    size: 2 ** 40,
    unsettled: false,
    content: { kind: "lists", lists: [subtreeReference] },
  },
  { ...base, name: Buffer.from("pipe"), type: "fifo" },
  { ...base, name: Buffer.from([0xff, 0xfe]), type: "symlink", target: Buffer.from([0x80, 0x2f]) },
];

function leaf(nodes: readonly NodeDraft[]): Buffer {
  const builder = new LeafBuilder();
  for (const node of nodes) builder.add(node);
  return builder.finish();
}

function nodesOf(bytes: Buffer): readonly TreeNode[] {
  const tree = decodeTree(bytes, "tree");
  if (tree.shape !== "leaf") throw new Error(tree.shape);
  return tree.nodes;
}

const OBJECTS: readonly (readonly [string, Buffer])[] = [
  ["a leaf", leaf(NODES)],
  ["an empty leaf", leaf([])],
  ["a branch", encodeBranch([{ id: subtree }, { id: chunk }])],
  [
    "a list",
    encodeList([
      { kind: "data", chunk: { id: chunk }, offset: 0, length: 5 },
      { kind: "hole", length: 2 ** 45 },
    ]),
  ],
];

describe("trees", () => {
  it("keep every field of every node", () => {
    const nodes = nodesOf(leaf(NODES));
    expect(nodes).toMatchObject([
      {
        type: "directory",
        tree: subtree,
        userName: "太郎",
        groupName: "users",
        mtimeNs: base.mtimeNs,
        inode: 2n ** 63n,
      },
      { type: "blockDevice", rdev: 0x801n },
      {
        ...{
          type: "file",
          size: 30,
          unsettled: true,
          mtimeNs: -1n,
          ctimeNs: -(10n ** 18n),
          atimeNs: 9_999_999_999_999_999_999n,
        },
        ...{
          hardLink: { device: 3, links: 2 },
          mode: 0o7777,
          xattrs: [{ name: Buffer.from("user.x"), value: Buffer.from([0, 255]) }],
        },
        content: {
          kind: "pieces",
          pieces: [{ id: chunk, offset: 4, length: 10 }, { kind: "hole", length: 12 }, { id: chunk }],
        },
      },
      { type: "file", size: 2 ** 40, content: { kind: "lists", lists: [subtree] } },
      { type: "fifo" },
      { type: "symlink", target: Buffer.from([0x80, 0x2f]) },
    ]);
    expect(decodeTreeLinks(leaf(NODES), "tree")).toEqual({ shape: "leaf", chunks: [chunk], trees: [subtree] });
  });

  it("are the same bytes for the same directory, also when ids become known late", () => {
    const late = { id: undefined as Buffer | undefined };
    const builder = new LeafBuilder();
    builder.add({ ...(NODES[0] as NodeDraft & { type: "directory" }), tree: late });
    for (const node of NODES.slice(1)) {
      const isLong = node.type === "file" && node.content.kind === "lists";
      builder.add(isLong ? { ...node, content: { kind: "lists", lists: [late] } } : node);
    }
    late.id = subtree;
    expect(builder.finish().equals(leaf(NODES))).toBe(true);
  });

  for (const [name, bytes] of OBJECTS) {
    it(`refuse every prefix of ${name}, and a byte more`, () => {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeTree(bytes.subarray(0, length), "tree")).toThrow(WireError);
      }
      expect(() => decodeTree(Buffer.concat([bytes, Buffer.alloc(1)]), "tree")).toThrow(WireError);
    });

    it(`either refuse ${name} with a changed byte or read it within bounds`, () => {
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ 0xff;
        try {
          decodeTree(changed, "tree");
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    });
  }

  it("refuse garbage without allocating for it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeTree(Buffer.concat([Buffer.from([1, 0]), bytes, Buffer.from([0xff])]), "tree")).toThrow(
          WireError,
        );
      }),
      { numRuns: 300 },
    );
    const bomb = new ByteWriter()
      .u8(1)
      .u8(0)
      .varint(2 ** 40)
      .finish();
    expect(() => decodeTree(bomb, "tree")).toThrow(/count of ids/);
  });

  it("refuse names that lead elsewhere, twice the same name, and wrong order", () => {
    const fifo = (name: string | Buffer): NodeDraft => ({ ...base, name: Buffer.from(name as string), type: "fifo" });
    for (const name of ["", ".", "..", "a/b", "/", "../../etc/passwd", "nul\0", "x".repeat(1025)]) {
      expect(() => decodeTree(leaf([fifo(name)]), "tree"), JSON.stringify(name)).toThrow(WireError);
    }
    for (const name of ["...", "..a", " ", "\\", "x".repeat(255), Buffer.from([0xff])]) {
      expect(nodesOf(leaf([fifo(name as string)]))).toHaveLength(1);
    }
    expect(() => decodeTree(leaf([fifo("b"), fifo("a")]), "tree")).toThrow(/out of order/);
    expect(() => decodeTree(leaf([fifo("a"), fifo("a")]), "tree")).toThrow(/out of order/);
  });

  it("refuse a file whose pieces do not make up its size, and pieces beyond any chunk", () => {
    const file = (size: number, length: number, offset = 0): NodeDraft => ({
      ...{ ...base, name: Buffer.from("f"), type: "file", size, unsettled: false },
      content: { kind: "pieces", pieces: [{ kind: "data", chunk: { id: chunk }, offset, length }] },
    });
    expect(() => decodeTree(leaf([file(10, 9)]), "tree")).toThrow(/pieces of 9 bytes for a file of 10/);
    expect(() => decodeTree(leaf([file(0, 0)]), "tree")).toThrow(/empty piece/);
    expect(() => decodeTree(leaf([file(2 ** 30, 2 ** 30)]), "tree")).toThrow(/length of a piece/);
    expect(nodesOf(leaf([file(10, 10, 77)]))).toHaveLength(1);
  });

  it("take names and ids of any bytes", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.uint8Array({ minLength: 3, maxLength: 40 }), { selector: String, maxLength: 30 }),
        (names) => {
          const clean = names.map((name) => Buffer.from(name.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))));
          const unique = [...new Map(clean.map((name) => [name.toString("latin1"), name])).values()].sort(
            Buffer.compare,
          );
          const bytes = leaf(
            unique.map((name) => ({ ...base, name, type: "directory", tree: { id: systemRandom(32) } })),
          );
          expect(nodesOf(bytes).map(({ name }) => name.toString("latin1"))).toEqual(
            unique.map((name) => name.toString("latin1")),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});
