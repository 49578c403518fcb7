import type { CimInstance } from "../cim/cim-instance.ts";
import type { CimValue } from "../cim/cim-type.ts";
import type { ObjectPath } from "../cim/object-path.ts";
import type { ForeignAgent } from "../net/foreign-request.ts";

// What `rusuban cim` asks of a server, whichever protocol carries it: one implementation a protocol (cim-xml-connection.ts).

export interface ConnectionNeeds {
  readonly agent: ForeignAgent;
  /** Of the address, where it names one; each protocol has its own usual one. */
  readonly path: string | undefined;
  readonly namespace: string;
  readonly account: { readonly name: string; readonly password: string } | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Sees every document as it travels; undefined where nobody wants to. */
  readonly onDocument: ((direction: "sent" | "received", document: Buffer) => void) | undefined;
}

/** All throw PeerError with the server's code, ConnectError, WireError. */
export interface Connection {
  /** Facts about the server, in its own words: name and value. */
  identify(): Promise<readonly (readonly [name: string, value: string])[]>;
  get(path: ObjectPath, properties: readonly string[] | undefined): Promise<CimInstance>;
  enumerate(className: string, properties: readonly string[] | undefined): AsyncIterable<CimInstance>;
  enumerateNames(className: string): AsyncIterable<ObjectPath>;
  query(language: string, query: string): AsyncIterable<CimInstance>;
  /** Parameters as texts; the class says what they are, where the server tells it. */
  invoke(
    path: ObjectPath,
    method: string,
    parameters: readonly (readonly [name: string, value: string])[],
  ): Promise<{ readonly returnValue: CimValue; readonly output: Readonly<Record<string, CimValue>> }>;
  /** Indications as they come, without a listener here; absent where the protocol has no such thing. */
  readonly follow?: (language: string, query: string) => AsyncIterable<CimInstance>;
  /** Subscriptions that stay until they are taken away; absent where the protocol has none of that kind. */
  readonly subscriptions?: {
    ensure(wanted: SubscriptionOrder): Promise<{ readonly subscription: string; readonly isNew: boolean }>;
    /** False where there was none of this name. */
    remove(name: string): Promise<boolean>;
  };
}

export interface SubscriptionOrder {
  readonly name: string;
  /** The listener's address. */
  readonly destination: string;
  readonly query: string;
  /** The server's choice where left out. */
  readonly language: string | undefined;
}
