import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import { systemRandom } from "../../../runtime/random.ts";
import type { Target } from "../agentless/target.ts";
import { createWsmanSubscription } from "./wsman-subscription.ts";

// A source that takes no subscription to a class by itself, and knows push without acknowledgement only.

const envelope = (body: string) => `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
  xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wse="http://schemas.xmlsoap.org/ws/2004/08/eventing">
  <s:Header/><s:Body>${body}</s:Body></s:Envelope>`;
const fault = (subcode: string) =>
  envelope(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>wse:${subcode}</s:Value></s:Subcode></s:Code>
    <s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault>`);
const SUBSCRIBED =
  envelope(`<wse:SubscribeResponse><wse:SubscriptionManager><wsa:Address>http://web1/wsman</wsa:Address>
  <wsa:ReferenceParameters><wse:Identifier>uuid:1</wse:Identifier></wsa:ReferenceParameters></wse:SubscriptionManager>
  <wse:Expires>PT600S</wse:Expires></wse:SubscribeResponse>`);

it("subscribes by a query where a class alone is not taken, as with openwsman", async () => {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const asked = await text(request);
    requests.push(asked);
    const hasQuery = asked.includes("SELECT * FROM CIM_AlertIndication") && asked.includes("/wbem/wscim/1/*<");
    const answer = !hasQuery
      ? fault("FilteringNotSupported")
      : asked.includes("PushWithAck")
        ? fault("DeliveryModeRequestedUnavailable")
        : SUBSCRIBED;
    response.writeHead(answer === SUBSCRIBED ? 200 : 400, { "content-type": "application/soap+xml;charset=UTF-8" });
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const target: Target = {
    ...{ hostId: "h1", name: "web1", address: "127.0.0.1", means: "wsman", trust: { kind: "plain" } },
    ...{ port: (server.address() as AddressInfo).port, account: null, path: null, namespace: null },
  };
  const subscription = createWsmanSubscription(target, { clock: systemClock, random: systemRandom });
  onTestFinished(() => {
    subscription.close();
    server.closeAllConnections();
    server.close();
  });
  const wanted = { destination: "http://manager.example/wsman/indications/t", handle: null };
  const made = await subscription.ensure(wanted, new AbortController().signal);
  expect(made).toMatchObject({ isNew: true, lastsMs: 600_000 });
  expect(requests).toHaveLength(3);
});
