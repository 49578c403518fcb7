import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import type { XmlElement } from "./xml-element.ts";
import {
  parseXml,
  XML_ATTRIBUTES_MAX,
  XML_DEPTH_MAX,
  XML_NAME_MAX,
  XmlReader,
  type XmlReaderOptions,
} from "./xml-reader.ts";

const parse = (text: string, options?: XmlReaderOptions) => parseXml(Buffer.from(text), options);
/** Name, text and children of a tree, to be compared. */
const shape = (element: XmlElement): unknown => [
  element.namespace,
  element.name,
  element.attributes.map(({ namespace, name, value }) => [namespace, name, value]),
  element.text,
  element.children.map(shape),
];

const ENVELOPE = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:d"><!-- é --><?pi nothing?>
  <s:Body a="1" s:a="2" xml:lang="ja">倉庫 &amp; <![CDATA[<x>]]>&#x41;&lt;<Item xmlns:p="urn:p" p:q='"'/></s:Body>
</s:Envelope>`;

describe("an XML document", () => {
  it("becomes a tree with namespaces, attributes and text", () => {
    const root = parse(ENVELOPE);
    const body = root.requiredChild("Body", "http://www.w3.org/2003/05/soap-envelope");
    expect(root.name).toBe("Envelope");
    expect(body.text).toBe("倉庫 & <x>A<");
    expect(body.attribute("a")).toBe("1");
    expect(body.attribute("a", root.namespace)).toBe("2");
    expect(body.attribute("lang")).toBe("ja");
    expect(body.child("Item")?.namespace).toBe("urn:d");
    expect(body.child("Item", "urn:p")).toBeUndefined();
    expect(body.child("Item")?.attributes).toEqual([{ name: "q", namespace: "urn:p", value: '"' }]);
  });

  it("resolves names in values with the prefixes in force at their place", () => {
    const root = parse(`<a xmlns="urn:1" xmlns:p="urn:2"><b xmlns:p="urn:3" xmlns=""/><c/></a>`);
    const [b, c] = [root.requiredChild("b"), root.requiredChild("c")];
    expect(b.qualifiedName(" p:Fault ")).toEqual({ namespace: "urn:3", name: "Fault" });
    expect(b.qualifiedName("Fault")).toEqual({ namespace: "", name: "Fault" });
    expect(c.qualifiedName("p:Fault")).toEqual({ namespace: "urn:2", name: "Fault" });
    expect(c.qualifiedName("Fault")).toEqual({ namespace: "urn:1", name: "Fault" });
    expect(c.qualifiedName("q:Fault")).toEqual({ namespace: undefined, name: "Fault" });
  });

  it("names the element and its place when something in it is missing", () => {
    const root = parse(`<a>\n  <b/></a>`);
    expect(() => root.requiredChild("b").requiredAttribute("NAME")).toThrow("2:6: <b>: no attribute NAME");
    expect(() => root.requiredChild("c")).toThrow("1:3: <a>: no <c>");
  });

  it.each([
    ["UTF-8 with a mark", Buffer.from("\ufeff<a>é</a>")],
    ["UTF-16, little end first", Buffer.from("\ufeff<?xml version='1.0' encoding='UTF-16'?><a>é</a>", "utf16le")],
    ["UTF-16, big end first", Buffer.from("\ufeff<a>é</a>", "utf16le").swap16()],
    ["UTF-16 without a mark", Buffer.from("<a>é</a>", "utf16le")],
  ])("is read in %s", (_, bytes) => {
    expect(parseXml(bytes).text).toBe("é");
  });

  it("gives the same tree wherever it is cut", () => {
    const whole = shape(parse(ENVELOPE));
    for (const bytes of [
      Buffer.from(ENVELOPE),
      Buffer.from(`\ufeff${ENVELOPE.replace("utf-8", "utf-16")}`, "utf16le"),
    ]) {
      for (let at = 0; at <= bytes.length; at += 1) {
        const reader = new XmlReader();
        reader.write(bytes.subarray(0, at));
        reader.write(bytes.subarray(at));
        expect(shape(reader.end())).toEqual(whole);
      }
      const reader = new XmlReader();
      for (const byte of bytes) reader.write(Buffer.from([byte]));
      expect(shape(reader.end())).toEqual(whole);
    }
  });

  it("keeps a byte order mark that is not at its start, and refuses a second one there", () => {
    const reader = new XmlReader();
    for (const piece of ["<a >", "\ufeff", "</a>"]) reader.write(Buffer.from(piece));
    expect(reader.end().text).toBe("\ufeff");
    expect(() => parse("\ufeff\ufeff<a/>")).toThrow("1:0: text data outside of root node");
  });

  it("refuses a character of which the next piece does not bring the rest", () => {
    const reader = new XmlReader();
    reader.write(Buffer.concat([Buffer.from("<a>"), Buffer.from([0xc3])]));
    expect(() => reader.write(Buffer.from("x</a>"))).toThrow("not utf-8");
  });

  it("refuses every beginning of itself", () => {
    const bytes = Buffer.from(ENVELOPE);
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => parseXml(bytes.subarray(0, length)), `${length} bytes`).toThrow(WireError);
  });

  it.each([
    ["a bomb of entities", `<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><a>&c;</a>`, "document type"],
    ["an external entity", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, "document type"],
    ["an entity of its own", `<a>&b;</a>`, "undefined entity"],
    ["an entity named like a property of objects", `<a>&constructor;</a>`, "undefined entity"],
    ["a control character", `<a>\u0001</a>`, "disallowed character"],
    ["a control character by number", `<a>&#1;</a>`, "malformed character entity"],
    ["an attribute twice", `<a b="1" b="2"/>`, "duplicate attribute"],
    ["an attribute twice by namespace", `<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`, "duplicate attribute"],
    ["a prefix that nobody declared", `<p:a/>`, "unbound namespace prefix"],
    ["tags that cross", `<a><b></a></b>`, "unexpected close tag"],
    ["two roots", `<a/><b/>`, "only one root"],
    ["text after the root", `<a/>x`, "outside of root"],
    ["no root", `<!-- nothing -->`, "must contain a root element"],
    ["nothing", ``, "an empty document"],
    ["another encoding", `<?xml version="1.0" encoding="Shift_JIS"?><a/>`, '1:42: encoding "Shift_JIS" is not taken'],
    ["an encoding that its bytes are not", `<?xml version="1.0" encoding="UTF-16"?><a/>`, "but its bytes are utf-8"],
  ])("is refused with its place: %s", (_, text, problem) => {
    expect(() => parse(text)).toThrow(problem);
    expect(() => parse(text)).toThrow(/^\d+:\d+: /);
  });

  it("is refused when its bytes are no characters, or the header says another charset", () => {
    expect(() => parseXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toThrow("not utf-8");
    expect(() => parseXml(Buffer.from("<a>€</a>").subarray(0, 4))).toThrow(WireError);
    expect(() => parse("<a/>", { charset: "utf-16" })).toThrow("Content-Type: declared");
    expect(parse("<a/>", { charset: "UTF-8" }).name).toBe("a");
  });

  it("is bounded in everything that its sender can make grow", () => {
    const deep = (levels: number) => `${"<a>".repeat(levels)}${"</a>".repeat(levels)}`;
    const attributes = (count: number) => `<a ${Array.from({ length: count }, (_, at) => `a${at}=""`).join(" ")}/>`;
    expect(parse(deep(XML_DEPTH_MAX)).name).toBe("a");
    expect(() => parse(deep(XML_DEPTH_MAX + 1))).toThrow("inside one another");
    expect(parse(attributes(XML_ATTRIBUTES_MAX)).attributes).toHaveLength(XML_ATTRIBUTES_MAX);
    expect(() => parse(attributes(XML_ATTRIBUTES_MAX + 1))).toThrow("attributes");
    expect(() => parse(`<${"a".repeat(XML_NAME_MAX + 1)}/>`)).toThrow("a name longer");
    expect(() => parse("<a><b/><b/></a>", { nodesMax: 2 })).toThrow("more than 2 nodes");
    expect(() => parse("<a><!-- --><?b c?></a>", { nodesMax: 2 })).toThrow("more than 2 nodes");
    expect(() => parse("<a>12345</a>", { bytesMax: 8 })).toThrow("more than 8 bytes");
  });

  it("throws WireError or gives a tree, whatever the bytes are", () => {
    const piece = fc.constantFrom(
      "<a",
      ">",
      "</a>",
      " b='",
      "'",
      "&amp;",
      "&",
      ";",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<?",
      "?>",
      "<!DOCTYPE",
      "x",
      "\u0000",
      "é",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((parts) => Buffer.from(parts.join(""))),
          fc.uint8Array().map(Buffer.from),
        ),
        (bytes) => {
          try {
            parseXml(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
