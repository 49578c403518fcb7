import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { type Envelope, writeEnvelope } from "./envelope.ts";
import { NS, PROTOCOL_VERSION, SECURITY_PROFILE } from "./names.ts";

/** Who we say we are. */
export interface Product {
  readonly vendor: string;
  readonly version: string;
}

/** What a server says of itself. Texts are empty where it says nothing. */
export interface Identity {
  readonly protocolVersion: string;
  readonly vendor: string;
  readonly version: string;
  readonly securityProfiles: readonly string[];
}

/** Characters of what a server says of itself that are kept. */
const IDENTITY_TEXT_MAX = 512;
const SECURITY_PROFILES_MAX = 32;

/** DSP0226 §11: nothing but `wsmid:Identify` in the body. */
export function isIdentify({ body }: Envelope): boolean {
  return body.length === 1 && body[0]?.is("Identify", NS.wsmid) === true;
}

/** Of ours; who has not signed in learns no version, which would tell an attacker what to try. */
export function writeIdentity(writer: XmlWriter, product: Product, { isKnown }: { readonly isKnown: boolean }): void {
  writer.open("wsmid:IdentifyResponse", { "xmlns:wsmid": NS.wsmid });
  writer.leaf("wsmid:ProtocolVersion", PROTOCOL_VERSION);
  writer.leaf("wsmid:ProductVendor", product.vendor);
  if (isKnown) writer.leaf("wsmid:ProductVersion", product.version);
  writer.open("wsmid:SecurityProfiles");
  for (const profile of [SECURITY_PROFILE.httpsBasic, SECURITY_PROFILE.httpsMutual]) {
    writer.leaf("wsmid:SecurityProfileName", profile);
  }
  writer.close().close();
}

export function writeIdentifyRequest(): string {
  return writeEnvelope({}, (writer) => writer.leaf("wsmid:Identify", "", { "xmlns:wsmid": NS.wsmid }));
}

/** Undefined where the body is no answer to Identify. Local names only: OpenPegasus answers in a namespace of its own. */
export function readIdentity(body: readonly XmlElement[]): Identity | undefined {
  const answer = body.find(({ name }) => name === "IdentifyResponse");
  if (answer === undefined) return undefined;
  const text = (name: string) => (answer.childText(name) ?? "").slice(0, IDENTITY_TEXT_MAX);
  // DSP0226 1.0 and 1.1 have an element around the profiles, others write them at once.
  const profiles = [
    ...answer.childrenNamed("SecurityProfiles").flatMap(({ children }) => children),
    ...answer.childrenNamed("SecurityProfileName"),
  ];
  return {
    protocolVersion: text("ProtocolVersion"),
    vendor: text("ProductVendor"),
    version: text("ProductVersion"),
    securityProfiles: profiles
      .slice(0, SECURITY_PROFILES_MAX)
      .map((each) => each.text.trim().slice(0, IDENTITY_TEXT_MAX)),
  };
}
