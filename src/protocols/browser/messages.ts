import { bool, type Decoded, enumeration, fixed, integer, list, struct, text, u32, union } from "../../wire/xdr.ts";

// The agent browser flow (agentBrowser): an agent advertises itself; a host without a certificate enrols with a token.
// XDR messages in RFC 5531 records over TLS 1.3. Specified in docs/protocols/agent-browser.md.
//
// This is the only flow of ours that answers somebody without a certificate: `enroll` is all it takes from them, and
// the records are small.

export const BROWSER_VERSION = 1;
export const BROWSER_RECORD_BYTES_MAX = 32 * 1024;

/** What an agent says of its machine. */
export const FactsMessage = struct({
  hostname: text(255),
  platform: text(32),
  operatingSystem: text(255),
  architecture: text(32),
  agentVersion: text(64),
});

/** Ports that differ from the port map's defaults travel by name: each side learns the other's. */
export const PortsMessage = list(struct({ flow: text(64), port: u32 }), 64);

export const BrowserRequest = union({
  enroll: [
    1,
    struct({
      version: u32,
      tokenId: fixed(16),
      tokenSecret: fixed(32),
      certificateRequestPem: text(8_192), // PKCS #10. Only its key counts: the manager decides the identity.
      facts: FactsMessage,
      ports: PortsMessage,
    }),
  ],
  /** Needs the host's certificate, as does `renew`. */
  advertise: [2, struct({ version: u32, sentAtMs: integer, facts: FactsMessage, ports: PortsMessage })],
  renew: [3, struct({ version: u32, certificateRequestPem: text(8_192) })],
});
export type BrowserRequest = Decoded<typeof BrowserRequest>;

const ManagerMessage = struct({ managerId: text(64), ports: PortsMessage });

export const BrowserReply = union({
  enrolled: [
    1,
    struct({
      hostId: text(64),
      name: text(255),
      certificatePem: text(16_384),
      authorityPem: text(16_384),
      manager: ManagerMessage,
    }),
  ],
  /** `renew`: the host's certificate should carry other names, so that it is worth renewing before its time. */
  advertised: [2, struct({ manager: ManagerMessage, advertiseAgainSeconds: u32, renew: bool })],
  renewed: [3, struct({ certificatePem: text(16_384) })],
  refused: [
    4,
    struct({
      code: enumeration({
        unknownToken: 1,
        usedToken: 2,
        expiredToken: 3,
        invalidRequest: 4,
        needsCertificate: 5,
        tooMany: 6,
        unsupportedVersion: 7,
      }),
      reason: text(512),
    }),
  ],
});
export type BrowserReply = Decoded<typeof BrowserReply>;
