import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { ConnectError } from "../runtime/errors.ts";
import { dialDatagrams } from "./datagram-dial.ts";

const FLOW = "snmp-get";

async function openUdp(host = "127.0.0.1") {
  const socket = createSocket("udp4");
  socket.bind(0, host);
  await once(socket, "listening");
  return socket;
}

it("hears its peer and nobody else", async () => {
  const [peer, stranger] = await Promise.all([openUdp(), openUdp()]);
  const heard: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const dialed = await dialDatagrams({
    ...{ flow: FLOW, host: "localhost", port: peer.address().port },
    onMessage(message) {
      heard.push(message.toString());
      resolve();
    },
    onError: (error) => heard.push(error.message),
  });
  onTestFinished(() => {
    for (const one of [dialed, peer, stranger]) one.close();
  });
  const asked = once(peer, "message") as Promise<[Buffer, { port: number; address: string }]>;
  dialed.send(Buffer.from("question"));
  const [question, from] = await asked;
  expect(question.toString()).toBe("question");
  await new Promise((sent) => stranger.send("lie", from.port, from.address, sent));
  peer.send("answer", from.port, from.address);
  await promise;
  expect(heard).toEqual(["answer"]);
});

it("says that nothing listens where the kernel tells", async () => {
  const gone = await openUdp();
  const { port } = gone.address();
  gone.close();
  const { promise, resolve } = Promise.withResolvers<ConnectError>();
  const dialed = await dialDatagrams({ flow: FLOW, host: "127.0.0.1", port, onMessage: () => {}, onError: resolve });
  onTestFinished(dialed.close);
  dialed.send(Buffer.from("question"));
  const error = await promise;
  expect(error).toMatchObject({ code: "ECONNREFUSED", destination: { flow: FLOW, host: "127.0.0.1", port } });
});

it("refuses a name that leads nowhere, and to send after it was closed", async () => {
  const nowhere = { flow: FLOW, host: "no-such-host.invalid", port: 9, onMessage: () => {} };
  await expect(dialDatagrams({ ...nowhere, onError: () => {} })).rejects.toThrow(ConnectError);
  const told: string[] = [];
  const dialed = await dialDatagrams({ ...nowhere, host: "127.0.0.1", onError: ({ code }) => told.push(code) });
  dialed.close();
  dialed.close();
  dialed.send(Buffer.from("question"));
  expect(told).toEqual(["ABORTED"]);
});
