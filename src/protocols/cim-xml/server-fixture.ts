// A CIM-XML server on a real loopback socket, for tests. Never used outside tests.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { type Log, silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createTestModel, type TestModel } from "./model-fixture.ts";
import { type Caller, createCimXmlServer } from "./server.ts";

export interface ServedModel extends TestModel {
  readonly port: number;
  readonly http: Server;
  stop(): Promise<void>;
}

export async function serveModel({
  model,
  clock = systemClock,
  log = silentLog,
  identify = async (): Promise<Caller> => ({ known: true, user: "ops", mayChange: true }),
}: {
  readonly model?: TestModel;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly identify?: Parameters<typeof createCimXmlServer>[0]["identify"];
} = {}): Promise<ServedModel> {
  const served = model ?? createTestModel(systemClock);
  const server = createCimXmlServer({
    ...{ manager: served.manager, identify, hostName: "web1", clock, random: systemRandom, log },
  });
  const http = createServer(server.handle);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    ...served,
    port,
    http,
    async stop() {
      server.stop();
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
    },
  };
}
