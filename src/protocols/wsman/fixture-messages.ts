import { readFileSync } from "node:fs";
import { parseXml } from "../../wire/xml-reader.ts";
import { type Envelope, readEnvelope } from "./envelope.ts";

/** The bytes of a message in test/fixtures/wsman, which says where it comes from. Never used outside tests. */
export function fixtureBytes(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/wsman/${name}.xml`, import.meta.url));
}

export function fixtureEnvelope(name: string): Envelope {
  return readEnvelope(parseXml(fixtureBytes(name)));
}

/** The same message in UTF-16 with a byte order mark, as Windows sends it. */
export function fixtureInUtf16(name: string): Buffer {
  return Buffer.from(`\ufeff${fixtureBytes(name).toString("utf8")}`, "utf16le");
}
