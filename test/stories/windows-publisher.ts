import { createForeignAgent, type ForeignAgentOptions, foreignRequest } from "../../src/net/foreign-request.ts";
import { headerOf, readEnvelope } from "../../src/protocols/wsman/envelope.ts";
import type { XmlElement } from "../../src/wire/xml-element.ts";
import { parseXml } from "../../src/wire/xml-reader.ts";

// A Windows computer's event publisher after the public documents (MS-WSMV §3.1.4.1.30, §4.4; event XML after MS-EVEN6
// §2.2.13; what others' captures show: UTF-16, an empty POST first, events as CDATA). It has no memory of how far it has
// come but the bookmark that the collector gives back, as after a restart of Windows.

const TYPE = { "content-type": "application/soap+xml;charset=UTF-16", "user-agent": "Microsoft WinRM Client" };
const ENUMERATE_PATH = "/wsman/SubscriptionManager/WEC";
const ACK = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Ack";

export interface LogRecord {
  readonly level: number;
  readonly provider: string;
  readonly id: number;
  readonly message: string;
}

export interface TakenSubscription {
  readonly version: string;
  readonly identifier: string;
  /** Of where events go. */
  readonly path: string;
  readonly heartbeats: string;
  readonly channels: readonly string[];
  readonly issuerThumbprint: string;
  /** The last record that the collector has. */
  readonly after: number;
}

export type Answer = { readonly status: number; readonly acknowledged: boolean };

export function createWindowsPublisher({
  machine,
  ...dialing
}: Pick<ForeignAgentOptions, "port" | "trust" | "credentials" | "clock"> & { readonly machine: string }) {
  const agent = createForeignAgent({ flow: "eventCollector", host: "127.0.0.1", timeoutMs: 20_000, ...dialing });
  const records: LogRecord[] = [];
  let messages = 0;

  async function post(path: string, text: string) {
    const body = text === "" ? "" : Buffer.from(`\ufeff${text}`, "utf16le");
    const answer = await foreignRequest(agent, { method: "POST", path, headers: TYPE, body });
    return {
      status: answer.status,
      envelope: answer.body.length === 0 ? undefined : readEnvelope(parseXml(answer.body)),
    };
  }

  function envelope(action: string, { to, header = "", body }: { to: string; header?: string; body: string }): string {
    messages += 1;
    return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/machineid"><s:Header><a:To>https://127.0.0.1:${dialing.port}${to}</a:To><m:MachineID s:mustUnderstand="false">${machine}</m:MachineID><a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">${action}</a:Action><a:MessageID>uuid:00000000-0000-4000-8000-${String(messages).padStart(12, "0")}</a:MessageID>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  }

  function eventOf(record: LogRecord, number: number): string {
    const { level, provider, id, message } = record;
    const time = new Date(Date.UTC(2026, 10, 22, 3, 0, number)).toISOString();
    return `<w:Event Action="http://schemas.dmtf.org/wbem/wsman/1/wsman/Event"><![CDATA[<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='${provider}'/><EventID Qualifiers='49156'>${id}</EventID><Version>0</Version><Level>${level}</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='${time.replace("Z", "4567Z")}'/><EventRecordID>${number}</EventRecordID><Execution ProcessID='4' ThreadID='280'/><Channel>System</Channel><Computer>${machine}</Computer><Security/></System><EventData/><RenderingInfo Culture='ja-JP'><Message>${message}</Message><Level>エラー</Level></RenderingInfo></Event>]]></w:Event>`;
  }

  const identifying = ({ identifier }: TakenSubscription) =>
    `<e:Identifier>${identifier}</e:Identifier><w:AckRequested/>`;

  async function deliver(to: TakenSubscription, action: string, header: string, body: string): Promise<Answer> {
    const { status, envelope: answer } = await post(
      to.path,
      envelope(`http://schemas.dmtf.org/wbem/wsman/1/wsman/${action}`, { to: to.path, header, body }),
    );
    return { status, acknowledged: answer !== undefined && headerOf(answer, "Action")?.text.trim() === ACK };
  }

  return {
    /** Something happens on the computer; its record has the next number. */
    log: (...more: readonly LogRecord[]) => void records.push(...more),
    close: () => agent.close(),

    /** Asks what to send, as it does every `Refresh` seconds. */
    async enumerate(): Promise<TakenSubscription[]> {
      await post(ENUMERATE_PATH, "");
      const { status, envelope: answer } = await post(
        ENUMERATE_PATH,
        envelope("http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", {
          to: ENUMERATE_PATH,
          header: `<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/SubscriptionManager/Subscription</w:ResourceURI><w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize><w:OperationTimeout>PT60.000S</w:OperationTimeout>`,
          body: "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements></n:Enumerate>",
        }),
      );
      if (answer === undefined) throw new Error(`the collector answers the enumeration with ${status}`);
      return (answer.body[0]?.child("Items")?.childrenNamed("Subscription") ?? []).map(take);
    },

    /** Sends a batch of what comes after `after`, at most `count` records. */
    send(to: TakenSubscription, { after, count }: { after: number; count: number }): Promise<Answer> {
      const batch = records.slice(after, after + count).map((record, index) => eventOf(record, after + index + 1));
      const bookmark = `<w:Bookmark><BookmarkList><Bookmark Channel="System" RecordId="${after + batch.length}" IsCurrent="true"/></BookmarkList></w:Bookmark>`;
      return deliver(to, "Events", bookmark + identifying(to), `<w:Events>${batch.join("")}</w:Events>`);
    },

    heartbeat: (to: TakenSubscription): Promise<Answer> =>
      deliver(to, "Heartbeat", identifying(to), "<w:Events></w:Events>"),
  };
}

function take(item: XmlElement): TakenSubscription {
  const subscribe = readEnvelope(item.requiredChild("Envelope"));
  const body = subscribe.body[0] as XmlElement;
  const delivery = body.requiredChild("Delivery");
  const notifyTo = delivery.requiredChild("NotifyTo");
  const bookmark = body.child("Bookmark")?.child("BookmarkList")?.child("Bookmark");
  const [thumbprint] = thumbprintsBelow(notifyTo);
  return {
    version: item.childText("Version") ?? "",
    identifier: notifyTo.requiredChild("ReferenceProperties").childText("Identifier") ?? "",
    path: new URL(notifyTo.childText("Address") ?? "").pathname,
    heartbeats: delivery.childText("Heartbeats") ?? "",
    channels: (body.child("Filter")?.child("QueryList")?.children ?? []).map(
      (query) => query.child("Select")?.attribute("Path") ?? "",
    ),
    issuerThumbprint: thumbprint ?? "",
    after: Number(bookmark?.attribute("RecordId") ?? 0),
  };
}

function thumbprintsBelow(element: XmlElement): string[] {
  return element.name === "Thumbprint" ? [element.text] : element.children.flatMap(thumbprintsBelow);
}
