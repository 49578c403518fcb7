import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { describePeer, identityUri, type KnownPeer, parseIdentityUri, peerOfCertificate } from "./peer.ts";

const NAMES: [peer: KnownPeer, uri: string, words: string][] = [
  [{ kind: "manager", id: "m1" }, "urn:rusuban:manager:m1", "manager m1"],
  [{ kind: "host", hostId: "web-1.example" }, "urn:rusuban:host:web-1.example", "host web-1.example"],
  [
    { kind: "administrator", name: "jo@example.org" },
    "urn:rusuban:administrator:jo@example.org",
    "administrator jo@example.org",
  ],
];

describe("an identity", () => {
  it.each(NAMES)("of %o has one URI", (peer, uri, words) => {
    expect(identityUri(peer)).toBe(uri);
    expect(parseIdentityUri(uri)).toEqual(peer);
    expect(describePeer(peer)).toBe(words);
    expect(peerOfCertificate({ subjectAltName: `URI:${uri}` })).toEqual(peer);
    expect(peerOfCertificate({ subjectAltName: `DNS:a.example, URI:${uri}, IP Address:192.0.2.1` })).toEqual(peer);
  });

  it.each([
    undefined,
    "",
    "DNS:web1",
    "URI:https://example.org/",
    "URI:urn:rusuban:host:web1, URI:urn:rusuban:manager:m1",
    "URI:urn:rusuban:host:web1, URI:urn:rusuban:host:web1",
    "URI:urn:rusuban:host:web1, URI:https://example.org/",
    "URI:urn:rusuban:host:web1, email:jo@example.org",
    "URI:urn:rusuban:host:web1, othername:<unsupported>",
    'URI:"urn:rusuban:host:web1"',
    'DNS:"a, URI:urn:rusuban:manager:m1"',
    "URI:urn:rusuban:host:",
    "URI:urn:rusuban:host:a:b",
    "URI:urn:rusuban:root:web1",
    "URI:urn:rusuban:anonymous:x",
    "URI:urn:rusuban:constructor:x",
    "URI:URN:RUSUBAN:HOST:web1",
    "URI:urn:rusuban:host:web1\n",
    "URI: urn:rusuban:host:web1",
    `URI:urn:rusuban:host:${"x".repeat(65)}`,
  ])("is not found in %j", (subjectAltName) => {
    expect(() => peerOfCertificate({ subjectAltName: subjectAltName as string })).toThrow(WireError);
  });

  it("is never got from a text that it would not be written as", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `urn:rusuban:host:${text}`),
        ),
        (text) => {
          let peer: KnownPeer;
          try {
            peer = parseIdentityUri(text);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
            return;
          }
          expect(identityUri(peer)).toBe(text);
        },
      ),
    );
  });
});
