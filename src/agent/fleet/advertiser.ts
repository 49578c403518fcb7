import type { HostFacts } from "../../model/host.ts";
import { createKeyAndRequest, type Identity, storeIdentity } from "../../net/identity.ts";
import { type BrowserClient, createBrowserClient } from "../../protocols/browser/client.ts";
import { BROWSER_RECORD_BYTES_MAX } from "../../protocols/browser/messages.ts";
import { type Clock, pause } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";
import { type ManagerLink, storeManagerFacts } from "./manager-link.ts";

// Tells the manager, at an interval that the manager names, that this host is there and what it is; learns the manager's
// ports; renews the host's certificate when two thirds of its life are over, or when it is to carry other names.

export interface AdvertiserNeeds {
  readonly link: ManagerLink;
  readonly directory: string;
  readonly identity: () => Identity;
  /** The certificate was renewed: new connections show the new one. */
  readonly onRenewed: (identity: Identity) => void;
  readonly facts: () => Promise<HostFacts>;
  readonly ports: readonly { flow: string; port: number }[];
  readonly clock: Clock;
  readonly log: Log;
}

const TIMEOUT_MS = 15_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export function createAdvertiser(needs: AdvertiserNeeds): Service {
  const { link, clock, log } = needs;
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const run = async () => {
    let retryMs = RETRY_FIRST_MS;
    let isTold = false; // One line for a manager that is away, not one a minute.
    while (!abort.signal.aborted) {
      try {
        const againSeconds = await advertiseOnce(needs, abort.signal);
        if (isTold) log.info({ manager: link.facts.managerId }, "the manager is back");
        isTold = false;
        retryMs = RETRY_FIRST_MS;
        await pause(clock, againSeconds * 1_000, abort.signal);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!isTold)
          log.warn({ reason: reasonOf(error) }, "cannot advertise to the manager; trying again until it answers");
        isTold = true;
        await pause(clock, retryMs, abort.signal);
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
  };

  return {
    name: "advertiser",
    async start() {
      running = run();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}

async function advertiseOnce(needs: AdvertiserNeeds, signal: AbortSignal): Promise<number> {
  const { link, directory, facts, ports, clock, identity } = needs;
  const channel = await link.connect("agentBrowser", {
    recordBytesMax: BROWSER_RECORD_BYTES_MAX,
    idleTimeoutMs: TIMEOUT_MS,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  const browser = createBrowserClient(channel, { clock, timeoutMs: TIMEOUT_MS });
  try {
    const {
      manager,
      advertiseAgainSeconds,
      renew: isWanted,
    } = await browser.advertise({
      sentAtMs: clock.now(),
      facts: await facts(),
      ports,
    });
    const told = {
      ...Object.fromEntries(manager.ports.map(({ flow, port }) => [flow, port])),
      agentBrowser: link.portOf("agentBrowser"),
    };
    if (JSON.stringify(told) !== JSON.stringify(link.facts.ports)) {
      const changed = { ...link.facts, ports: told };
      await storeManagerFacts(directory, changed);
      link.update(changed);
    }
    if (isWanted || clock.now() >= identity().renewAfter) await renew(browser, needs);
    return advertiseAgainSeconds;
  } finally {
    browser.close();
  }
}

async function renew(browser: BrowserClient, { directory, identity, onRenewed, log }: AdvertiserNeeds): Promise<void> {
  const { key, request } = createKeyAndRequest();
  const { certificatePem } = await browser.renew({ certificateRequestPem: request });
  const renewed = await storeIdentity(directory, { key, certificate: certificatePem, authority: identity().authority });
  onRenewed(renewed);
  log.info({ validUntilMs: renewed.expiresAt }, "certificate renewed");
}
