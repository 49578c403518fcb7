import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { XmlElement } from "./xml-element.ts";
import { parseXml } from "./xml-reader.ts";
import { isXmlName, XmlFragment, XmlWriter } from "./xml-writer.ts";

interface Tree {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Tree[];
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,10}$/);
const treeOf = (children: fc.Arbitrary<readonly Tree[]>): fc.Arbitrary<Tree> =>
  fc.record({
    name,
    attributes: fc.dictionary(
      name.filter((each) => !each.startsWith("xmlns")),
      fc.string({ unit: "binary" }),
      { maxKeys: 4 },
    ),
    text: fc.string({ unit: "binary" }),
    children,
  });
const leaf = treeOf(fc.constant([]));
const tree = treeOf(fc.array(treeOf(fc.array(leaf, { maxLength: 3 })), { maxLength: 3 }));

function write(writer: XmlWriter, { name, attributes, text, children }: Tree): XmlWriter {
  return writer.element(name, attributes, () => {
    writer.text(text);
    for (const child of children) write(writer, child);
  });
}

/** What XML 1.0 cannot carry is one character by itself (§2.2). */
function carried(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const space = code === 9 || code === 10 || code === 13;
      const other = (code >= 0x20 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code >= 0x1_0000;
      return space || other ? character : "\ufffd";
    })
    .join("");
}
const asRead = (element: XmlElement): Tree => ({
  name: element.name,
  attributes: Object.fromEntries(element.attributes.map((each) => [each.name, each.value])),
  text: element.text,
  children: element.children.map(asRead),
});
const asWritten = ({ name, attributes, text, children }: Tree): Tree => ({
  name,
  attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, carried(value)])),
  text: carried(text),
  children: children.map(asWritten),
});

describe("the XML writer", () => {
  it("writes what the reader reads back, whatever the texts are", () => {
    fc.assert(
      fc.property(tree, (each) => {
        expect(asRead(parseXml(write(new XmlWriter(), each).document()))).toEqual(asWritten(each));
      }),
    );
  });

  it.each([
    [`<&>"'`, `&lt;&amp;&gt;"'`, `&lt;&amp;&gt;&quot;'`],
    ["]]>", "]]&gt;", "]]&gt;"],
    ["a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d"],
    [
      "nul \u0000, half \ud800, end \uffff",
      "nul \ufffd, half \ufffd, end \ufffd",
      "nul \ufffd, half \ufffd, end \ufffd",
    ],
    ["𠮷野家", "𠮷野家", "𠮷野家"],
  ])("escapes %j", (text, inside, quoted) => {
    expect(new XmlWriter().leaf("a", text, { b: text }).take()).toBe(`<a b="${quoted}">${inside}</a>`);
  });

  it("leaves out attributes without a value, and writes empty elements short", () => {
    expect(new XmlWriter().leaf("a", "", { b: null, c: undefined, d: 0, e: false }).take()).toBe(
      `<a d="0" e="false"/>`,
    );
  });

  it("puts a fragment in as it is, and nothing else", () => {
    const part = new XmlFragment(new XmlWriter().leaf("b", "<"));
    expect(new XmlWriter().open("a").fragment(part).text("<c/>").close().take()).toBe("<a><b>&lt;</b>&lt;c/&gt;</a>");
  });

  it("takes no names that are none, and no document with an element open", () => {
    for (const bad of ["", "1a", "a b", "a>", "a:b:c", ":a", "-a"]) {
      expect(isXmlName(bad), bad).toBe(false);
      expect(() => new XmlWriter().open(bad)).toThrow("is not the name of an element");
    }
    for (const good of ["a", "s:Envelope", "_x-1.2", "名前"]) expect(isXmlName(good), good).toBe(true);
    expect(() => new XmlWriter().open("a").take()).toThrow("<a> is still open");
    expect(() => new XmlWriter().close()).toThrow("no element is open");
  });
});
