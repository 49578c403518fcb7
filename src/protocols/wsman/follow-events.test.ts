import { expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { WsmanClient } from "./client.ts";
import type { WsmanTransport } from "./client-transport.ts";

// A source that answers a pull at once that nothing came, as openwsman does, whatever time it was given.

const answer = (body: string) =>
  Buffer.from(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
  xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wse="http://schemas.xmlsoap.org/ws/2004/08/eventing"
  xmlns:wsen="http://schemas.xmlsoap.org/ws/2004/09/enumeration"
  xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`);
const SUBSCRIBED = answer(`<wse:SubscribeResponse><wse:SubscriptionManager><wsa:Address>http://web1/wsman</wsa:Address>
  <wsa:ReferenceParameters><wse:Identifier>uuid:1</wse:Identifier></wsa:ReferenceParameters></wse:SubscriptionManager>
  <wse:Expires>PT600S</wse:Expires><wsen:EnumerationContext>uuid:1</wsen:EnumerationContext></wse:SubscribeResponse>`);
const TIMED_OUT = answer(`<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>wsman:TimedOut</s:Value>
  </s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">too late</s:Text></s:Reason></s:Fault>`);

it("asks a source that does not wait for news only every other second", async () => {
  const clock = new FakeClock();
  let pulls = 0;
  const transport: WsmanTransport = {
    origin: "http://web1",
    async exchange({ body }) {
      const isPull = body.includes("<wsen:Pull>");
      if (isPull) pulls += 1;
      return { status: isPull ? 500 : 200, contentType: "application/soap+xml", body: isPull ? TIMED_OUT : SUBSCRIBED };
    },
  };
  const abort = new AbortController();
  const client = new WsmanClient({ transport, random: (size) => Buffer.alloc(size) });
  const resource = { className: "*", namespace: "root/cimv2" };
  const followed = client.followEvents(resource, { clock, signal: abort.signal }).next();
  await clock.advance(0);
  expect(pulls).toBe(1);
  await clock.advance(1_999);
  expect(pulls).toBe(1);
  await clock.advance(8_001);
  expect(pulls).toBe(6);
  abort.abort();
  expect(await followed).toEqual({ done: true, value: undefined });
});
