import type { ForeignTrust } from "../../net/foreign-dial.ts";
import type { Identity } from "../../net/identity.ts";
import type { DestinationAddress } from "../indications/destination-address.ts";

/** Whom a listener at an address is taken for, and what we show it. */
export type TrustOf = (address: DestinationAddress) => {
  readonly trust: ForeignTrust;
  readonly credentials?: { readonly key: string; readonly cert: string };
};

/**
 * Over HTTPS indications go to listeners with a certificate of our own authority, whose names are not compared, as
 * everywhere between our own parties; and to those with a certificate of the `others` (PEM) that the operator named, whose
 * names must fit. Our certificate goes along to whoever asks for one.
 */
export function createTrustOf(identity: () => Identity, others: readonly string[] = []): TrustOf {
  return ({ isPlain }) => {
    if (isPlain) return { trust: { kind: "plain" } };
    const { key, cert, ca } = identity().secureContextOptions();
    return { trust: { kind: "authority-any-name", pem: ca, others }, credentials: { key, cert } };
  };
}
