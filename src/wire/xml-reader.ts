import { isAscii } from "node:buffer";
import { TextDecoder } from "node:util";
import { WireError } from "../runtime/errors.ts";
import { XmlElement, XmlScope } from "./xml-element.ts";
import { checkDeclaredEncoding, detectEncoding, type XmlEncoding } from "./xml-encoding.ts";
import type { XmlName } from "./xml-names.ts";
import { readNamespaces, XML_NAMESPACE } from "./xml-namespaces.ts";
import { XmlScanner, type XmlTagAttribute } from "./xml-scanner.ts";

// Reads one XML document (XML 1.0 fifth edition, Namespaces in XML 1.0) of an untrusted peer into a tree. There is no
// document type (so no entities but the five that XML knows, and no bomb), processing instructions and comments are
// passed over, and everything a peer can make grow has a bound. Time is linear in the bytes (bench/xml.ts).

/** A document: an instance of a process takes about 3 KB of CIM-XML, so that this is about ten thousand of them. */
export const XML_BYTES_MAX = 32 * 1024 * 1024;
/** Elements inside one another: a reference within a reference of CIM-XML takes five, an envelope around it ten. */
export const XML_DEPTH_MAX = 64;
/** Elements, comments and processing instructions together; an empty element costs 105 bytes of memory (measured). */
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

const ROOT_SCOPE = new XmlScope({ xml: XML_NAMESPACE });

/** The root element of a whole document. Throws WireError, `path` is `line:column`. */
export function parseXml(bytes: Buffer, options: XmlReaderOptions = {}): XmlElement {
  const reader = new XmlReader(options);
  reader.write(bytes);
  return reader.end();
}

/** Takes a document piece by piece, cut anywhere, and refuses it as early as it can: after an error, throw it away. */
export class XmlReader {
  readonly #scanner = new XmlScanner(
    {
      declaration: (encoding) => {
        if (encoding !== undefined) checkDeclaredEncoding(encoding, this.#encoding, this.#where());
      },
      passedOver: () => this.#countNode(),
      startTag: (name, attributes) => this.#openElement(name, attributes),
      endTag: () => this.#open.pop(),
      text: (data) => this.#addText(data),
    },
    { nameMax: XML_NAME_MAX, attributesMax: XML_ATTRIBUTES_MAX },
  );
  readonly #options: XmlReaderOptions;
  readonly #bytesMax: number;
  readonly #nodesMax: number;
  /** The elements that are open, the root first. */
  readonly #open: XmlElement[] = [];
  #root: XmlElement | undefined;
  #bytes = 0;
  #nodes = 0;
  /** The first bytes, until there are four of them. */
  #start: Buffer = Buffer.alloc(0);
  #decoder: TextDecoder | undefined;
  #encoding: XmlEncoding = "utf-8";
  /** The decoder may hold the beginning of a character. */
  #midCharacter = false;

  constructor(options: XmlReaderOptions = {}) {
    this.#options = options;
    this.#bytesMax = Math.min(options.bytesMax ?? XML_BYTES_MAX, XML_BYTES_MAX);
    this.#nodesMax = Math.min(options.nodesMax ?? XML_NODES_MAX, XML_NODES_MAX);
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
    this.#scanner.end();
    return this.#root ?? this.#refuse("no root element");
  }

  #begin(): void {
    const start = this.#start;
    this.#start = Buffer.alloc(0);
    this.#encoding = detectEncoding(start);
    const { charset } = this.#options;
    if (charset !== undefined) checkDeclaredEncoding(charset, this.#encoding, "Content-Type");
    // Fatal, so that bytes that are no characters are refused instead of repaired.
    this.#decoder = new TextDecoder(this.#encoding, { fatal: true, ignoreBOM: true });
    this.#feed(this.#decode(start, true).replace(/^\ufeff/, ""));
  }

  #decode(bytes: Buffer | undefined, stream: boolean): string {
    if (bytes !== undefined && this.#encoding === "utf-8") {
      // Plain ASCII needs no decoder, and its strings take half the memory.
      if (!this.#midCharacter && isAscii(bytes)) return bytes.toString("latin1");
      if (bytes.length > 0) this.#midCharacter = (bytes.at(-1) ?? 0) >= 0x80;
    }
    try {
      return this.#decoder?.decode(bytes, { stream }) ?? "";
    } catch {
      return this.#refuse(`bytes after this place are not ${this.#encoding}`);
    }
  }

  #feed(text: string): void {
    if (text !== "") this.#scanner.write(text);
  }

  #openElement(name: XmlName, tagAttributes: readonly XmlTagAttribute[]): void {
    this.#countNode();
    if (this.#open.length >= XML_DEPTH_MAX) this.#refuse(`more than ${XML_DEPTH_MAX} elements inside one another`);
    for (const { value } of tagAttributes)
      if (value.length > XML_TEXT_MAX) this.#refuse(`an attribute longer than ${XML_TEXT_MAX} characters`);
    const outer = this.#open.at(-1);
    const { scope, namespace, attributes } = readNamespaces(
      { name, attributes: tagAttributes, outer: outer?.scope ?? ROOT_SCOPE },
      (problem) => this.#refuse(problem),
    );
    const { line, column } = this.#scanner;
    const element = new XmlElement({ name: name.local, namespace, attributes, scope, line, column });
    if (outer === undefined) this.#root = element;
    else outer.append(element);
    this.#open.push(element);
  }

  #addText(data: string): void {
    const element = this.#open.at(-1);
    if (element === undefined) return;
    if (element.text.length + data.length > XML_TEXT_MAX) this.#refuse(`text longer than ${XML_TEXT_MAX} characters`);
    element.appendText(data);
  }

  #countNode(): void {
    this.#nodes += 1;
    if (this.#nodes > this.#nodesMax) this.#refuse(`more than ${this.#nodesMax} nodes`);
  }

  #where(): string {
    return `${this.#scanner.line}:${this.#scanner.column}`;
  }

  #refuse(problem: string): never {
    throw new WireError(this.#where(), problem);
  }
}
