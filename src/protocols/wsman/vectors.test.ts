import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { WireError } from "../../runtime/errors.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import { faultOf } from "./cim-faults.ts";
import { readItems } from "./enumeration-messages.ts";
import { headerOf, readEnvelope, writeElement } from "./envelope.ts";
import { Fault, readFault, type WsmanFault, writeFault } from "./fault.ts";
import { FAULT_DETAILS, FAULTS, type FaultName, faultAction, faultStatus } from "./fault-table.ts";
import { fixtureBytes, fixtureEnvelope } from "./fixture-messages.ts";
import { readIdentity } from "./identify.ts";
import { instanceFragment, readInstance } from "./instance-codec.ts";
import { readRequestHeaders } from "./request-headers.ts";
import { faultAnswer } from "./server.ts";
import { readSubscribe } from "./subscribe-message.ts";

describe("messages after the standards' examples", () => {
  it("Get: headers as values", () => {
    expect(readRequestHeaders(fixtureEnvelope("get-request"))).toEqual({
      action: "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
      messageId: "urn:uuid:0AF9D11B-0E5B-4F0C-9C0F-0A2E6D1B7C01",
      to: "https://agent.example:5986/wsman",
      resourceUri: "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Test_Element",
      selectors: [
        { name: "Name", value: "plain" },
        { name: "Number", value: "1" },
      ],
      namespace: undefined,
      operationTimeoutMs: 30_000,
      maxEnvelopeBytes: 51_200,
      wantsEstimate: false,
      identifier: undefined,
    });
  });

  it("Subscribe: how events are wanted", () => {
    const [body] = fixtureEnvelope("subscribe-request").body;
    const { delivery, expiresMs, filter } = readSubscribe(body as never, 0);
    expect(expiresMs).toBe(3_600_000);
    expect(filter?.element.text).toBe("SELECT * FROM Test_Alert");
    expect(delivery).toMatchObject({
      mode: "events",
      heartbeatMs: 60_000,
      retry: { total: 3, intervalMs: 30_000 },
      sendBookmarks: true,
      itemsMax: 20,
      batchMs: 5_000,
      envelopeBytes: 100_000,
      charset: "utf-16",
    });
    expect(delivery.notifyTo?.address).toBe("http://manager.example/events");
    expect(delivery.endTo?.reference).toBe(
      '<Key xmlns="urn:example:key" xmlns:a0="urn:example:key" a0:of="end">e</Key>',
    );
  });

  it("a fault: who, what and which detail", () => {
    const fault = readFault(fixtureEnvelope("fault-answer").body);
    expect(fault).toMatchObject({ who: "Sender", subcode: "InvalidSelectors", detail: "UnexpectedSelectors" });
    expect(fault?.message).toBe(
      "Sender:InvalidSelectors: UnexpectedSelectors: The selectors for the resource are not valid.",
    );
  });

  it("OpenPegasus: the end with an empty context, both forms of a datetime, Identify in its own namespace", () => {
    const [answer] = fixtureEnvelope("openpegasus-answers").body;
    const { items, context } = readItems(answer as never);
    expect(context).toBeUndefined();
    const instance = readInstance(items[0] as never);
    expect(String(instance.get("LastBootUpTime"))).toBe("20261122070315.000000+000");
    expect(instance.get("InstallDate")).toEqual(instance.get("LastBootUpTime"));
    expect(readIdentity(fixtureEnvelope("openpegasus-identify").body)).toMatchObject({
      vendor: "OpenPegasus",
      version: "2.14.4",
    });
  });

  it("openwsman: an event that was pulled, without Items around it and in no namespace that it has", () => {
    const { items, context } = readItems(fixtureEnvelope("openwsman-pulled-event").body[0] as never);
    expect(context).toBe("uuid:0af9d11b-0e5b-4f0c-9c0f-0a2e6d1b7c08");
    expect(items.map((item) => readInstance(item)).map((each) => [each.className, each.get("Message")])).toEqual([
      ["Test_Alert", "fan 2 stopped"],
    ]);
  });

  it.each(["get-request", "enumerate-request", "subscribe-request", "windows-enumerate", "windows-events"])(
    "%s cut off anywhere is refused as XML",
    (name) => {
      const bytes = fixtureBytes(name);
      for (let length = 0; length < bytes.length - 1; length += 7) {
        expect(() => parseXml(bytes.subarray(0, length))).toThrow(WireError);
      }
    },
  );
});

describe("the table of faults", () => {
  const names = Object.keys(FAULTS) as FaultName[];

  it.each(names)("%s goes over the wire and back", (name) => {
    const detail = FAULT_DETAILS[names.indexOf(name) % FAULT_DETAILS.length];
    const fault = new Fault(name, "because <of> & this", detail === undefined ? {} : { detail });
    const { status, body } = faultAnswer(fault, { relatesTo: "uuid:q", charset: "utf-8", messageId: "uuid:a" });
    const row = FAULTS[name];
    const envelope = readEnvelope(parseXml(body));
    expect(headerOf(envelope, "Action")?.text).toBe(faultAction(row));
    expect(headerOf(envelope, "RelatesTo")?.text).toBe("uuid:q");
    const read = readFault(envelope.body);
    expect(read?.who).toBe(row.code);
    expect(read?.subcode).toBe("subcode" in row ? row.subcode.name : "");
    expect(read?.detail).toBe(detail);
    expect(read?.message).toContain("because <of> & this");
    expect(status).toBe(row.code === "Sender" ? 400 : 500);
    expect(faultStatus(row)).toBe(status);
  });

  it("names each fault of a namespace once", () => {
    const keys = names.map((name) =>
      JSON.stringify([FAULTS[name].code, "subcode" in FAULTS[name] ? FAULTS[name].subcode : ""]),
    );
    expect(new Set(keys).size).toBe(names.length);
  });

  it("gives the action of each family", () => {
    expect(faultAction(FAULTS.invalidSelectors)).toBe("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault");
    expect(faultAction(FAULTS.destinationUnreachable)).toBe("http://schemas.xmlsoap.org/ws/2004/08/addressing/fault");
    expect(faultAction(FAULTS.invalidRepresentation)).toBe("http://schemas.xmlsoap.org/ws/2004/09/transfer/fault");
    expect(faultAction(FAULTS.invalidEnumerationContext)).toBe(
      "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault",
    );
    expect(faultAction(FAULTS.unableToRenew)).toBe("http://schemas.xmlsoap.org/ws/2004/08/eventing/fault");
    expect(faultAction(FAULTS.polymorphismModeNotSupported)).toBe(
      "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault",
    );
    expect(faultAction(FAULTS.mustUnderstand)).toBe("http://schemas.xmlsoap.org/ws/2004/08/addressing/fault");
  });

  it("tells nothing of our own mistakes", () => {
    expect(faultOf(new Error("at line 5"))).toBeUndefined();
  });

  it("reads Windows' own words in the detail, and a detail with another beginning", () => {
    const root = parseXml(
      Buffer.from(
        `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>x:Outer</s:Value><s:Subcode><s:Value>x:Inner</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text>short</s:Text></s:Reason><s:Detail><FaultDetail>wsman:faultDetail/Locale</FaultDetail><WSManFault Code="5"><Message>access
        is denied</Message></WSManFault></s:Detail></s:Fault></s:Body></s:Envelope>`,
      ),
    );
    const fault = readFault(readEnvelope(root).body) as WsmanFault;
    expect(fault).toMatchObject({ who: "Receiver", subcode: "Inner", namespace: "", detail: "Locale" });
    expect(fault.message).toContain("access is denied");
  });
});

describe("instances", () => {
  const uris = { prefix: "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2", address: "http://x/" };
  /** All that XML can carry; what becomes of the rest is told in src/wire/xml-writer.ts. */
  const carried = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 1 })
    .filter((text) => /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(text));
  const value = fc.oneof(
    fc.string({ unit: carried }).map((text): Partial<CimProperty> => ({ type: "string", value: text })),
    fc
      .bigInt({ min: 0n, max: 2n ** 64n - 1n })
      .map((number): Partial<CimProperty> => ({ type: "uint64", value: number })),
    fc.integer({ min: -128, max: 127 }).map((number): Partial<CimProperty> => ({ type: "sint8", value: number })),
    fc.boolean().map((flag): Partial<CimProperty> => ({ type: "boolean", value: flag })),
    fc.double({ noNaN: true }).map((number): Partial<CimProperty> => ({ type: "real64", value: number })),
    fc
      .array(fc.option(fc.integer({ min: 0, max: 65_535 })), { minLength: 2 })
      .map((list): Partial<CimProperty> => ({ type: "uint16", isArray: true, value: list })),
    fc
      .integer({ min: 0, max: 4_000_000_000 })
      .map((seconds): Partial<CimProperty> => ({ type: "datetime", value: CimDateTime.at(seconds * 1_000, 540) })),
    fc.constant<Partial<CimProperty>>({ type: "string", value: null }),
  );

  it("come back as they went, when their class is known", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,8}$/), value), (properties) => {
        const given = Object.entries(properties).map(
          ([name, each]): CimProperty => ({ name, type: "string", isArray: false, value: null, ...each }),
        );
        const text = instanceFragment(new CimInstance({ className: "Test_X", properties: given }), uris).toString();
        const root = parseXml(
          Buffer.from(
            `<r xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${text}</r>`,
          ),
        );
        const read = readInstance(root.children[0] as never, (name) => given.find((each) => each.name === name));
        for (const each of given) expect(read.get(each.name)).toEqual(each.value);
      }),
    );
  });

  it("of a peer have a bounded number of properties", () => {
    const many = Array.from({ length: 2_000 }, (_, n) => `<P${n}/>`).join("");
    expect(() => readInstance(parseXml(Buffer.from(`<X>${many}</X>`)))).toThrow("more than 1024 properties");
  });
});

it("an element that was read is written so that it means the same", () => {
  const text = '<a:x xmlns:a="urn:a" xmlns:b="urn:b" b:k="1" k="2" xml:lang="ja"><y>t &lt; u</y><b:z/></a:x>';
  const writer = new XmlWriter();
  writeElement(writer, parseXml(Buffer.from(text)));
  const again = parseXml(Buffer.from(writer.take()));
  const shape = (element: typeof again): unknown => [
    element.namespace,
    element.name,
    element.attributes.map(({ namespace, name, value: each }) => `${namespace} ${name} ${each}`),
    element.text,
    element.children.map(shape),
  ];
  expect(shape(again)).toEqual(shape(parseXml(Buffer.from(text))));
});

it("a fault names what would have been supported", () => {
  const writer = new XmlWriter();
  writer.open("r", { "xmlns:s": "urn:s", "xmlns:wsen": "urn:n", "xmlns:wsman": "urn:w" });
  writeFault(writer, new Fault("filterDialectUnavailable", "x", { supported: ["urn:one", "urn:two"] }));
  const fault = parseXml(Buffer.from(writer.close().take())).child("Fault");
  expect(
    fault
      ?.child("Detail")
      ?.childrenNamed("SupportedDialect")
      .map(({ text }) => text),
  ).toEqual(["urn:one", "urn:two"]);
});
