import { TextDecoder } from "node:util";
import { SaxesParser, type SaxesTagNS } from "saxes";
import { WireError } from "../runtime/errors.ts";
import { type XmlAttribute, XmlElement, XmlScope } from "./xml-element.ts";
import { checkDeclaredEncoding, detectEncoding, type XmlEncoding } from "./xml-encoding.ts";

// Reads one XML document (XML 1.0 fifth edition, Namespaces in XML 1.0) of an untrusted peer into a tree. There is no
// document type (so no entities but the five that XML knows, and no bomb), processing instructions and comments are
// passed over, and everything a peer can make grow has a bound. Time is linear in the bytes (bench/xml.ts).

/** A document: an instance of a process takes about 3 KB of CIM-XML, so that this is about ten thousand of them. */
export const XML_BYTES_MAX = 32 * 1024 * 1024;
/** Elements inside one another: a reference within a reference of CIM-XML takes five, an envelope around it ten. */
export const XML_DEPTH_MAX = 64;
/** Elements, comments and processing instructions together; an element costs 160 to 250 bytes of memory (measured). */
export const XML_NODES_MAX = 500_000;
/** Of one element, declarations of namespaces counted. */
export const XML_ATTRIBUTES_MAX = 64;
/** Characters in one element's own text or in one attribute's value: a log record, or a file in Base64, never a disk. */
export const XML_TEXT_MAX = 8 * 1024 * 1024;
/** Characters of a name or prefix. */
export const XML_NAME_MAX = 512;

export interface XmlReaderOptions {
  /** Less than XML_BYTES_MAX where the caller agreed on less, as by MaxEnvelopeSize. */
  readonly bytesMax?: number;
  /** Less than XML_NODES_MAX where the sender is not known yet. */
  readonly nodesMax?: number;
  /** The charset of the Content-Type, where there is one: it must agree with the bytes. */
  readonly charset?: string;
}

const ROOT_SCOPE = new XmlScope({ xml: "http://www.w3.org/XML/1998/namespace" });
const DECLARATIONS = "http://www.w3.org/2000/xmlns/";

/** The root element of a whole document. Throws WireError, `path` is `line:column`. */
export function parseXml(bytes: Buffer, options: XmlReaderOptions = {}): XmlElement {
  const reader = new XmlReader(options);
  reader.write(bytes);
  return reader.end();
}

/** Takes a document piece by piece, cut anywhere, and refuses it as early as it can: after an error, throw it away. */
export class XmlReader {
  readonly #parser = new SaxesParser({ xmlns: true, position: true, defaultXMLVersion: "1.0", forceXMLVersion: true });
  readonly #options: XmlReaderOptions;
  readonly #bytesMax: number;
  readonly #nodesMax: number;
  /** The elements that are open, the root first. */
  readonly #open: { element: XmlElement; scope: XmlScope }[] = [];
  #root: XmlElement | undefined;
  #bytes = 0;
  #nodes = 0;
  #attributes = 0;
  /** The first bytes, until there are four of them. */
  #start: Buffer = Buffer.alloc(0);
  #decoder: TextDecoder | undefined;
  #encoding: XmlEncoding = "utf-8";

  constructor(options: XmlReaderOptions = {}) {
    this.#options = options;
    this.#bytesMax = Math.min(options.bytesMax ?? XML_BYTES_MAX, XML_BYTES_MAX);
    this.#nodesMax = Math.min(options.nodesMax ?? XML_NODES_MAX, XML_NODES_MAX);
    const parser = this.#parser;
    parser.on("error", (error) =>
      this.#refuse(error.message.replace(/^(?:undefined:)?\d+:\d+: /, "").replace(/\.$/, "")),
    );
    parser.on("xmldecl", ({ encoding }) => {
      if (encoding !== undefined) checkDeclaredEncoding(encoding, this.#encoding, this.#place());
    });
    parser.on("doctype", () => this.#refuse("a document type is not taken"));
    parser.on("processinginstruction", () => this.#countNode());
    parser.on("comment", () => this.#countNode());
    parser.on("opentagstart", ({ name }) => {
      this.#attributes = 0;
      this.#checkName(name);
      this.#countNode();
      if (this.#open.length >= XML_DEPTH_MAX) this.#refuse(`more than ${XML_DEPTH_MAX} elements inside one another`);
    });
    parser.on("attribute", ({ name, value }) => {
      this.#attributes += 1;
      if (this.#attributes > XML_ATTRIBUTES_MAX) this.#refuse(`more than ${XML_ATTRIBUTES_MAX} attributes`);
      this.#checkName(name);
      if (value.length > XML_TEXT_MAX) this.#refuse(`an attribute longer than ${XML_TEXT_MAX} characters`);
    });
    parser.on("opentag", (tag) => this.#openElement(tag));
    parser.on("closetag", () => this.#open.pop());
    const text = (data: string) => this.#addText(data);
    parser.on("text", text);
    parser.on("cdata", text);
  }

  /** Throws WireError. */
  write(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) this.#refuse(`more than ${this.#bytesMax} bytes`);
    if (this.#decoder === undefined) {
      this.#start = this.#start.length === 0 ? bytes : Buffer.concat([this.#start, bytes]);
      if (this.#start.length >= 4) this.#begin();
    } else this.#feed(this.#decode(bytes, true));
  }

  /** The root, when the document is whole. Throws WireError. */
  end(): XmlElement {
    if (this.#bytes === 0) this.#refuse("an empty document");
    if (this.#decoder === undefined) this.#begin();
    this.#feed(this.#decode(undefined, false));
    this.#parser.close();
    return this.#root ?? this.#refuse("no root element");
  }

  #begin(): void {
    const start = this.#start;
    this.#start = Buffer.alloc(0);
    this.#encoding = detectEncoding(start);
    const { charset } = this.#options;
    if (charset !== undefined) checkDeclaredEncoding(charset, this.#encoding, "Content-Type");
    // Fatal, so that bytes that are no characters are refused instead of repaired; a byte order mark is taken away.
    this.#decoder = new TextDecoder(this.#encoding, { fatal: true });
    this.#feed(this.#decode(start, true));
  }

  #decode(bytes: Buffer | undefined, stream: boolean): string {
    try {
      return this.#decoder?.decode(bytes, { stream }) ?? "";
    } catch {
      return this.#refuse(`bytes after this place are not ${this.#encoding}`);
    }
  }

  #feed(text: string): void {
    if (text !== "") this.#parser.write(text);
  }

  #openElement(tag: SaxesTagNS): void {
    const outer = this.#open.at(-1);
    const outerScope = outer?.scope ?? ROOT_SCOPE;
    let scope = outerScope;
    for (const _ in tag.ns) {
      scope = new XmlScope(tag.ns, outerScope);
      break;
    }
    const attributes: XmlAttribute[] = [];
    for (const key in tag.attributes) {
      const attribute = tag.attributes[key];
      if (attribute === undefined || attribute.uri === DECLARATIONS) continue;
      attributes.push({ name: attribute.local, namespace: attribute.uri, value: attribute.value });
    }
    const { line, column } = this.#parser;
    const element = new XmlElement({ name: tag.local, namespace: tag.uri, attributes, scope, line, column });
    if (outer === undefined) this.#root = element;
    else outer.element.append(element);
    this.#open.push({ element, scope });
  }

  #addText(data: string): void {
    const element = this.#open.at(-1)?.element;
    if (element === undefined) return; // White space around the root: anything else is an error of its own.
    if (element.text.length + data.length > XML_TEXT_MAX) this.#refuse(`text longer than ${XML_TEXT_MAX} characters`);
    element.appendText(data);
  }

  #checkName(name: string): void {
    if (name.length > XML_NAME_MAX) this.#refuse(`a name longer than ${XML_NAME_MAX} characters`);
  }

  #countNode(): void {
    this.#nodes += 1;
    if (this.#nodes > this.#nodesMax) this.#refuse(`more than ${this.#nodesMax} nodes`);
  }

  #place(): string {
    return `${this.#parser.line}:${this.#parser.column}`;
  }

  #refuse(problem: string): never {
    throw new WireError(this.#place(), problem);
  }
}
