import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import type { XmlElement } from "./xml-element.ts";
import { parseXml, XmlReader } from "./xml-reader.ts";

// The reader beside saxes, a strict reader of others: both give the same tree, or both refuse.

const FIXTURES = ["cim-xml", "wsman"].flatMap((folder) => {
  const path = new URL(`../../test/fixtures/${folder}/`, import.meta.url);
  return readdirSync(path)
    .filter((name) => name.endsWith(".xml"))
    .map((name) => [`${folder}/${name}`, readFileSync(new URL(name, path), "utf8")] as const);
});
/** Whatever the reader knows, in one short document. */
const EVERYTHING = `<?xml version="1.0" encoding='utf-8' standalone="no" ?>\r
<!-- - --><?pi a?b ??><s:a xmlns:s="u:s" xmlns = 'u:d' xml:lang="ja"\tb="1&#x9;&lt;>"><é s:é='"' é=""/>
<![CDATA[]]&<]]>]]&gt;&#128512;\u{1f600}<c xmlns="" xmlns:t=" u:s "\n>]\r\r\n<t:x.-1></t:x.-1 ></c></s:a>
<!----> `;
/** What saxes lets pass, and the standard does not: we refuse it. */
const REFUSED_BY_US_ALONE = [
  "no white space after a processing instruction name", // §2.6: `<?a?b?>`.
  "malformed tag name", // Namespaces §4: `<p:1/>`.
  "malformed attribute name",
];
const DECLARATIONS = "http://www.w3.org/2000/xmlns/";
const REFUSED = "refused";

type Node = [string, string, number, number, string[][], string, Node[]];

function ours(text: string): Node | string {
  try {
    return shape(parseXml(Buffer.from(text)));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return REFUSED_BY_US_ALONE.some((problem) => error.message.includes(problem)) ? error.message : REFUSED;
  }
}

function shape({ namespace, name, line, column, attributes, text, children }: XmlElement): Node {
  const pairs = attributes.map((attribute) => [attribute.namespace, attribute.name, attribute.value]);
  return [namespace, name, line, column, pairs, text, children.map(shape)];
}

function theirs(text: string): Node | string {
  const parser = new SaxesParser({ xmlns: true, position: true, defaultXMLVersion: "1.0", forceXMLVersion: true });
  const open: Node[] = [];
  let root: Node | undefined;
  let refused = false;
  parser.on("error", () => {
    refused = true;
  });
  parser.on("doctype", () => {
    refused = true;
  });
  parser.on("xmldecl", ({ encoding }) => {
    if (encoding !== undefined && !/^(?:utf-?8|(?:us-)?ascii)$/i.test(encoding)) refused = true;
  });
  parser.on("opentag", ({ uri, local, attributes }) => {
    const pairs = Object.values(attributes).filter((attribute) => attribute.uri !== DECLARATIONS);
    const named = pairs.map((attribute) => [attribute.uri, attribute.local, attribute.value]);
    const node: Node = [uri, local, parser.line, parser.column, named, "", []];
    open.at(-1)?.[6].push(node);
    root ??= node;
    open.push(node);
  });
  parser.on("closetag", () => open.pop());
  const addText = (data: string): void => {
    const node = open.at(-1);
    if (node !== undefined) node[5] += data;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.write(text).close();
  return refused || root === undefined ? REFUSED : root;
}

function compare(characters: string): void {
  const text = characters.toWellFormed(); // A lone surrogate has no bytes.
  const read = ours(text);
  if (typeof read === "string" && read !== REFUSED) return;
  // Strings first: a comparison of trees by the test runner takes as long as many documents.
  const reference = theirs(text);
  if (JSON.stringify(withoutColumns(read)) !== JSON.stringify(withoutColumns(reference)))
    expect(withoutColumns(read), JSON.stringify(text)).toEqual(withoutColumns(reference));

  function withoutColumns(node: Node | string): Node | string {
    // saxes counts characters, we count units of UTF-16: beyond the basic plane the columns differ.
    if (typeof node === "string" || !/[\ud800-\udfff]/.test(text)) return node;
    const [namespace, name, line, , attributes, own, children] = node;
    return [namespace, name, line, 0, attributes, own, children.map(withoutColumns) as Node[]];
  }
}

/** So many places of a document, evenly; all of them in a short one. */
function placesOf(text: string, count: number): number[] {
  const step = Math.max(1, Math.floor(text.length / count));
  return Array.from({ length: Math.ceil(text.length / step) }, (_, index) => index * step);
}

const MARKS = [
  "<",
  ">",
  "&",
  ";",
  "/",
  "!",
  "?",
  "-",
  "]",
  "=",
  '"',
  "'",
  ":",
  " ",
  "\n",
  "\r",
  "\t",
  "1",
  "x",
  "\u0001",
  "é",
  "\u00d7",
  "\u{1f600}",
  "\ufffe",
];
const SAMPLES = [["everything", EVERYTHING] as const, ...FIXTURES];

describe("the reader, beside saxes", () => {
  it.each(SAMPLES)("reads %s the same", (_, text) => {
    expect(typeof ours(text)).toBe("object");
    compare(text);
  });

  it.each(SAMPLES)("refuses the same beginnings of %s", (_, text) => {
    for (const at of placesOf(text, 150)) compare(text.slice(0, at));
  });

  it("agrees wherever a character is changed, put in or left out", () => {
    for (let at = 0; at < EVERYTHING.length; at += 1) {
      compare(EVERYTHING.slice(0, at) + EVERYTHING.slice(at + 1));
      for (const mark of MARKS) {
        compare(EVERYTHING.slice(0, at) + mark + EVERYTHING.slice(at + 1));
        compare(EVERYTHING.slice(0, at) + mark + EVERYTHING.slice(at));
      }
    }
  });

  it.each(FIXTURES)("agrees wherever a bit of %s is flipped", (_, text) => {
    for (const at of placesOf(text, 30))
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
        compare(text.slice(0, at) + flipped + text.slice(at + 1));
      }
  });

  it("agrees about documents put together from pieces", () => {
    const piece = fc.constantFrom(
      ...MARKS,
      "<a",
      "<b ",
      "<p:a",
      "</a>",
      "</b>",
      "</p:a>",
      "<a>",
      "<b/>",
      "/>",
      " b='",
      " p:b='1'",
      " q:b='2'",
      " xmlns:p='u'",
      " xmlns:q='u'",
      " xmlns='v'",
      " xmlns:xml='w'",
      " xmlns:p=''",
      "&amp;",
      "&#x41;",
      "&#0;",
      "&no;",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<?pi ",
      "?>",
      "<?xml version='1.0'?>",
      "<!DOCTYPE a>",
      "x",
      "\u0300",
      "\u2070",
    );
    const pieces = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(""));
    const document = fc.oneof(
      pieces,
      pieces.map((inner) => `<a>${inner}</a>`),
      pieces.map((inner) => `<a xmlns:p="u"><b ${inner}/></a>`),
      pieces.map((inner) => `<a b="${inner}"/>`),
    );
    fc.assert(fc.property(document, compare), { numRuns: 5_000 });
  });

  it.each([
    `<a b="" b=""/>`,
    `<a xmlns:p="u" p:b="" b=""/>`,
    `<a xmlns:p="u" xmlns:q="v" p:b="" q:b=""/>`,
    `<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>`,
    `<a xmlns:p="u"><c xmlns:q="u" p:b="" q:b=""/></a>`,
    `<a xmlns:p="u" xmlns:p="v"/>`,
    `<a xmlns="u" xmlns="v"/>`,
    `<a xmlns:p=""/>`,
    `<xmlns:a/>`,
    `<xml:a/>`,
    `<a xmlns:xmlns="u"/>`,
    `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`,
    `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`,
    `<a xmlns="http://www.w3.org/2000/xmlns/"/>`,
    ` <?xml version="1.0"?><a/>`,
    `<a/><?xml version="1.0"?>`,
    `<?XML a?><a/>`,
    `<?xml encoding="utf-8"?><a/>`,
    `<?xml version="1.0" standalone="yes" encoding="utf-8"?><a/>`,
  ])("agrees about %s, whole and byte by byte", (text) => {
    compare(text);
    let read: string = REFUSED;
    try {
      const reader = new XmlReader();
      for (const byte of Buffer.from(text)) reader.write(Buffer.from([byte]));
      read = JSON.stringify(shape(reader.end()));
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
    }
    const reference = theirs(text);
    expect(read).toBe(reference === REFUSED ? REFUSED : JSON.stringify(reference));
  });

  it("agrees about each character as the first and as a later one of a name, and as text", () => {
    for (let point = 0; point <= 0xffff; point += point < 0x380 || point > 0xfd00 ? 1 : 13) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      compare(`<${character}/>`);
      compare(`<a${character}/>`);
      compare(`<a>${character}&#${point};</a>`);
    }
    for (const point of [0x10000, 0xeffff, 0xf0000, 0x10ffff]) compare(`<a${String.fromCodePoint(point)}/>`);
  });

  it("gives the same tree when its pieces are single bytes", () => {
    for (const [name, text] of SAMPLES) {
      const reader = new XmlReader();
      for (const byte of Buffer.from(text)) reader.write(Buffer.from([byte]));
      expect(JSON.stringify(shape(reader.end())), name).toBe(JSON.stringify(ours(text)));
    }
  });
});
