import { PeerError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { FAULTS, type FaultDetail, type FaultName, type FaultRow, faultDetailUri } from "./fault-table.ts";
import { FAULT_DETAIL, NS } from "./names.ts";

/** Characters of a peer's own words in a fault that are kept. */
const FAULT_TEXT_MAX = 1_024;

/** What we answer instead of a result: thrown by whatever finds the request wanting, sent by the server. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly fault: FaultName;
  readonly detail: FaultDetail | undefined;
  /** Names, as `prefix:name` in our own prefixes or as peers' URIs, of headers that were not understood. */
  readonly notUnderstood: readonly { readonly namespace: string; readonly name: string }[];
  /** The dialects or delivery modes that would have been supported, as URIs. */
  readonly supported: readonly string[];

  constructor(
    fault: FaultName,
    problem: string,
    {
      detail,
      notUnderstood = [],
      supported = [],
    }: {
      readonly detail?: FaultDetail;
      readonly notUnderstood?: Fault["notUnderstood"];
      readonly supported?: readonly string[];
    } = {},
  ) {
    super(problem);
    this.fault = fault;
    this.detail = detail;
    this.notUnderstood = notUnderstood;
    this.supported = supported;
  }

  get row(): FaultRow {
    return FAULTS[this.fault];
  }
}

/** `throw`s: for expressions. */
export function refuse(fault: FaultName, problem: string, more?: ConstructorParameters<typeof Fault>[2]): never {
  throw new Fault(fault, problem, more);
}

/** `s:Fault`, as the only child of a body (SOAP 1.2 part 1 §5.4, DSP0226 §14.2). */
export function writeFault(writer: XmlWriter, fault: Fault): void {
  const { row, detail, supported } = fault;
  writer.open("s:Fault").open("s:Code").leaf("s:Value", `s:${row.code}`);
  if (row.subcode !== undefined) {
    writer.open("s:Subcode").leaf("s:Value", `${row.subcode.prefix}:${row.subcode.name}`).close();
  }
  writer.close().open("s:Reason");
  writer.leaf("s:Text", `${row.reason} ${fault.message}`.trim(), { "xml:lang": "en" }).close();
  if (detail !== undefined || supported.length > 0) {
    writer.open("s:Detail");
    const element = {
      filterDialectUnavailable: "wsen:SupportedDialect",
      deliveryModeUnavailable: "wse:SupportedDeliveryMode",
    };
    const name = element[fault.fault as keyof typeof element] ?? "wse:SupportedDialect";
    for (const uri of supported) writer.leaf(name, uri);
    if (detail !== undefined) writer.leaf("wsman:FaultDetail", faultDetailUri(detail));
    writer.close();
  }
  writer.close();
}

/** A peer's fault, whichever way it is written. `code` is `Sender:InvalidSelectors` in the standard's words. */
export class WsmanFault extends PeerError {
  /** Local name of the innermost subcode, such as `InvalidSelectors`; empty where there is none. */
  readonly subcode: string;
  /** Namespace of the subcode; `TimedOut` exists twice. Empty where the peer's prefix means nothing. */
  readonly namespace: string;
  /** Last part of `wsman:FaultDetail`, such as `UnexpectedSelectors`; empty where there is none. */
  readonly detail: string;
  /** `Sender` when it is the request that was wrong. */
  readonly who: string;

  constructor(values: { who: string; subcode: string; namespace: string; detail: string; reason: string }) {
    const { who, subcode, namespace, detail, reason } = values;
    const code = subcode === "" ? who : `${who}:${subcode}`;
    super(code, [code, detail, reason].filter((part) => part !== "").join(": "));
    this.who = who;
    this.subcode = subcode;
    this.namespace = namespace;
    this.detail = detail;
  }

  isTimedOut(): boolean {
    return this.subcode === "TimedOut";
  }
}

/** Reads `s:Fault`; undefined where the body holds none. */
export function readFault(body: readonly XmlElement[]): WsmanFault | undefined {
  const fault = body.find((element) => element.is("Fault", NS.s));
  if (fault === undefined) return undefined;
  const code = fault.child("Code", NS.s);
  let innermost = code?.child("Subcode", NS.s);
  // SOAP allows subcodes within subcodes; the innermost says most.
  for (let next = innermost?.child("Subcode", NS.s); next !== undefined; next = next.child("Subcode", NS.s))
    innermost = next;
  const value = innermost?.child("Value", NS.s);
  const name = value?.qualifiedName(value.text) ?? { namespace: "", name: "" };
  const detail = fault.child("Detail", NS.s);
  // Windows puts the sentence that helps into its own element in the detail, and "…" into the reason.
  const own = detail?.child("WSManFault")?.childText("Message") ?? "";
  const uri = detail?.childText("FaultDetail") ?? "";
  const reason = fault.child("Reason", NS.s)?.childText("Text", NS.s) ?? "";
  return new WsmanFault({
    who: (code?.childText("Value", NS.s) ?? "Receiver").replace(/^.*:/, "").slice(0, FAULT_TEXT_MAX),
    subcode: name.name.slice(0, FAULT_TEXT_MAX),
    namespace: name.namespace ?? "",
    // openwsman and Windows Server 2003 (MS-WSMAN §3.1.4.1.21) write other prefixes before the same last part.
    detail: uri.startsWith(FAULT_DETAIL)
      ? uri.slice(FAULT_DETAIL.length)
      : uri.replace(/^.*[/:]/, "").slice(0, FAULT_TEXT_MAX),
    reason: (own || reason).replaceAll(/\s+/g, " ").trim().slice(0, FAULT_TEXT_MAX),
  });
}
