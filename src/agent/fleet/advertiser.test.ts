import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { openAuthority } from "../../net/authority.ts";
import { createKeyAndRequest, type Identity, loadIdentity, storeIdentity } from "../../net/identity.ts";
import { BrowserReply, BrowserRequest } from "../../protocols/browser/messages.ts";
import { ConnectError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createChannelPair } from "../../wire/channel.ts";
import { answerRequests } from "../../wire/exchange.ts";
import { createAdvertiser } from "./advertiser.ts";
import { loadManagerFacts, ManagerLink } from "./manager-link.ts";

const facts = {
  hostname: "web1",
  platform: "linux",
  operatingSystem: "Debian",
  architecture: "x64",
  agentVersion: "0.1.0",
};
const day = 86_400_000;

let clock: FakeClock;
let directory: string;
let identity: Identity;
let heard: BrowserRequest[];
let failing: boolean;

/** The advertiser against a manager that answers over a pair of queues. */
async function start(
  managerPorts: { flow: string; port: number }[] = [],
  advertiseAgainSeconds = 60,
  mayRenew: () => boolean = () => false,
) {
  const authority = await openAuthority({
    directory: mkdtempSync(join(tmpdir(), "rusuban-ca-")),
    clock,
    random: systemRandom,
  });
  const issue = async (request: string) =>
    (await authority.issue({ peer: { kind: "host", hostId: "h1" }, key: { request }, validDays: 90 })).certificate;
  const { key, request } = createKeyAndRequest();
  identity = await storeIdentity(directory, {
    key,
    certificate: await issue(request),
    authority: authority.certificate,
  });
  const link = new ManagerLink({
    facts: { managerId: "m1", addresses: ["127.0.0.1"], ports: {} },
    identity: () => identity,
    clock,
  });
  link.connect = async () => {
    if (failing)
      throw new ConnectError({ flow: "agent-browser", host: "127.0.0.1", port: 1 }, "ECONNREFUSED", "refused");
    const [near, far] = createChannelPair();
    void answerRequests(far, {
      request: BrowserRequest,
      reply: BrowserReply,
      async handle(asked): Promise<BrowserReply> {
        heard.push(asked);
        if (asked.kind === "renew")
          return { kind: "renewed", certificatePem: await issue(asked.certificateRequestPem) };
        const manager = { managerId: "m1", ports: managerPorts };
        return { kind: "advertised", manager, advertiseAgainSeconds, renew: mayRenew() };
      },
    }).catch(() => {});
    return near;
  };
  const advertiser = createAdvertiser({
    link,
    directory,
    identity: () => identity,
    onRenewed: (renewed) => {
      identity = renewed;
    },
    facts: async () => facts,
    ports: [],
    clock,
    log: silentLog,
  });
  await advertiser.start();
  return { advertiser, link };
}

const until = (check: () => boolean) => vi.waitFor(() => expect(check()).toBe(true), { timeout: 5_000, interval: 2 });

/** Nothing is under way: the advertiser waits for its next turn, and nobody else for anything. */
const atRest = () => until(() => clock.pending === 1);

beforeEach(() => {
  clock = new FakeClock(Date.parse("2026-11-22T00:00:00Z"));
  directory = mkdtempSync(join(tmpdir(), "rusuban-agent-"));
  heard = [];
  failing = false;
});

it("advertises at once, and again when the manager said so", async () => {
  const { advertiser } = await start();
  await until(() => heard.length === 1);
  await atRest();
  await clock.advance(60_000);
  await until(() => heard.length === 2);
  expect(heard.map(({ kind }) => kind)).toEqual(["advertise", "advertise"]);
  await advertiser.stop();
});

it("learns where the manager's ports are, and keeps it", async () => {
  const { advertiser, link } = await start([{ flow: "managerReport", port: 4_123 }]);
  await until(() => link.portOf("managerReport") === 4_123);
  expect((await loadManagerFacts(directory))?.ports).toMatchObject({ managerReport: 4_123 });
  await advertiser.stop();
});

it("tries again, ever less often, while the manager is away", async () => {
  failing = true;
  const { advertiser } = await start();
  for (const waitMs of [1_000, 2_000, 4_000]) {
    await atRest();
    await clock.advance(waitMs);
  }
  failing = false;
  await atRest();
  await clock.advance(8_000);
  await until(() => heard.length === 1);
  await advertiser.stop();
});

it("renews the certificate before its time where the manager asks for it", async () => {
  let isOther = false;
  const { advertiser } = await start([], 60, () => isOther);
  const first = identity.serial;
  await until(() => heard.length === 1);
  await atRest();
  expect(identity.serial).toBe(first);
  isOther = true;
  await clock.advance(60_000);
  await until(() => identity.serial !== first);
  expect(heard.map(({ kind }) => kind)).toEqual(["advertise", "advertise", "renew"]);
  await advertiser.stop();
});

it("renews the certificate after two thirds of its life, and not before", async () => {
  const everyDays = 40;
  const { advertiser } = await start([], (everyDays * day) / 1_000);
  const first = identity.serial;
  await until(() => heard.length === 1);
  await atRest();
  await clock.advance(everyDays * day);
  await until(() => heard.length === 2);
  await atRest();
  expect(identity.serial).toBe(first);
  await clock.advance(everyDays * day);
  await until(() => heard.some(({ kind }) => kind === "renew") && identity.serial !== first);
  expect((await loadIdentity(directory))?.serial).toBe(identity.serial);
  expect(identity.peer).toEqual({ kind: "host", hostId: "h1" });
  await advertiser.stop();
});
