import { ApiError } from "../../api/api-error.ts";
import { API_LIMITS } from "../../api/limits.ts";
import type { ApiHeard } from "../../api/routes.ts";
import type { Host } from "../../model/host.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SettingsError } from "../../runtime/errors.ts";
import type { JudgedBy } from "../watch/threshold-desk.ts";
import { findHost } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import { describeHosts, type HostOverviewNeeds } from "./host-overview.ts";
import type { Agentless, EnrolmentTokens, HostDirectory, ReadingHistory } from "./needs.ts";

export interface HostNeeds extends HostOverviewNeeds {
  readonly hosts: HostDirectory;
  readonly tokens: EnrolmentTokens;
  readonly history: ReadingHistory;
  readonly agentless: Agentless;
  readonly clock: Clock;
}

/** What is shown where nobody says from when. */
const HISTORY_SHOWN_MS = 24 * 3_600_000;

type HostRouteName =
  | "hostList"
  | "hostShow"
  | "hostReadings"
  | "hostSeries"
  | "hostHistory"
  | "hostAdd"
  | "hostCheck"
  | "hostDiscover"
  | "hostChange"
  | "hostThresholds"
  | "hostThresholdsSet"
  | "hostNames"
  | "hostNamesSet"
  | "hostRemove"
  | "hostToken";

export function createHostHandlers(needs: HostNeeds): Handlers<HostRouteName> {
  const { hosts, readings, tokens, history, agentless, clock } = needs;
  const namesOf = async (host: Host) => {
    const { given, signed } = await hosts.names(host);
    return { hostId: host.id, given: [...given], signed: [...signed] };
  };
  return {
    async hostList({ query }) {
      const page = await hosts.list({
        limit: query.limit ?? API_LIMITS.pageItemsDefault,
        after: query.after,
        states: query.state,
        text: query.text,
      });
      return { items: await describeHosts(page.items, needs), next: page.next };
    },
    async hostShow({ params }) {
      const [overview] = await describeHosts([await findHost(hosts, params.host)], needs);
      if (overview === undefined) throw new Error("assertion failed: a host has an overview");
      return overview;
    },
    async hostReadings({ params }) {
      const host = await findHost(hosts, params.host);
      return { hostId: host.id, latest: readings.of(host.id) ?? null };
    },
    async hostSeries({ params }) {
      const host = await findHost(hosts, params.host);
      return { hostId: host.id, series: await history.seriesOf(host.id) };
    },
    async hostHistory({ params, query }) {
      const host = await findHost(hosts, params.host);
      const { component, measure, points: pointsMax = API_LIMITS.historyPointsDefault } = query;
      const toMs = query.toMs ?? clock.now();
      const fromMs = query.fromMs ?? toMs - HISTORY_SHOWN_MS;
      if (fromMs >= toMs) throw new ApiError("invalid-request", `fromMs: ${fromMs} is not before toMs, ${toMs}`);
      const found = await history.read({ hostId: host.id, component, measure, fromMs, toMs, pointsMax });
      if (found === undefined) {
        const series = `${JSON.stringify(component)}, ${JSON.stringify(measure)}`;
        throw new ApiError("not-found", `${host.name} has no history of ${series}: ask for its series`);
      }
      const { unit, stepSeconds, points } = found;
      return { hostId: host.id, component, measure, unit, stepSeconds, points: [...points] };
    },
    async hostAdd({ body }) {
      const { port = null, trust = { kind: "system" }, account = null, path = null, namespace = null, ...rest } = body;
      mustBeAskable(body);
      const { indications = false, ...order } = { ...rest, port, trust, account, path, namespace };
      const added = await agentless.add(order, { indications });
      if (added === undefined) {
        throw new ApiError("conflict", `name: another host is called ${JSON.stringify(body.name)}`);
      }
      return { ...added, ports: { ...added.ports } };
    },
    async hostDiscover({ body }) {
      const found = await agentless.discover(body.addresses);
      return { found: found.map((one) => ({ ...one, means: [...one.means] })) };
    },
    async hostCheck({ params }) {
      const host = await findHost(hosts, params.host);
      const steps = await agentless.check(host.id);
      if (steps !== undefined) return { hostId: host.id, steps: [...steps] };
      if (host.means === "windows-events") {
        throw new ApiError(
          "invalid-request",
          `host: ${host.name} sends its Windows events by itself: nothing is asked of it`,
          "what it thinks of the way is in its log Microsoft-Windows-Eventlog-ForwardingPlugin/Operational",
        );
      }
      throw new ApiError(
        "invalid-request",
        `host: ${host.name} runs an agent of ours`,
        `\`rusuban doctor ${host.name}\` says what works on the way to it`,
      );
    },
    async hostThresholds({ params }) {
      return judgedBy(await findHost(hosts, params.host), (hostId) => agentless.thresholds(hostId));
    },
    async hostThresholdsSet({ params, body }) {
      return judgedBy(await findHost(hosts, params.host), (hostId) => agentless.setThresholds(hostId, body));
    },
    async hostChange({ params, body }) {
      const host = await findHost(hosts, params.host);
      const changed = await hosts.change(host.id, body);
      if (changed === undefined)
        throw new ApiError("conflict", `name: another host is called ${JSON.stringify(body.name)}`);
      return { ...changed, ports: { ...changed.ports } };
    },
    async hostNames({ params }) {
      return namesOf(await findHost(hosts, params.host));
    },
    async hostNamesSet({ params, body }) {
      const host = await findHost(hosts, params.host);
      await hosts.giveNames(host, body.names);
      return namesOf(host);
    },
    async hostRemove({ params }) {
      await hosts.revoke((await findHost(hosts, params.host)).id);
    },
    async hostToken({ body }, { identity }) {
      const { validSeconds, name, certificateNames = [] } = body;
      const made = await tokens.create({ validSeconds, name, certificateNames, by: identity.name });
      return { ...made, name: body.name ?? null };
    },
  };
}

async function judgedBy({ id, name }: Host, find: (hostId: string) => Promise<JudgedBy | undefined>) {
  const found = await find(id).catch((error: unknown) => {
    if (!(error instanceof SettingsError)) throw error;
    throw new ApiError("invalid-request", error.message);
  });
  if (found === undefined) {
    const why = `host: ${name} is not looked at by the manager`;
    throw new ApiError("invalid-request", why, "an agent judges by its own settings watch.* (docs/settings.md)");
  }
  const { own, effective } = found;
  return { hostId: id, own: { ...own }, effective: { ...effective } };
}

/** What only SNMP wants is given with it, and nothing else is. */
function mustBeAskable({ means, snmp, account, trust }: ApiHeard<"hostAdd">["body"]): void {
  if ((means === "snmp") !== (snmp !== undefined)) {
    const why =
      means === "snmp" ? "snmp: it must be said how the server may be asked" : "snmp: only with the means snmp";
    throw new ApiError("invalid-request", why);
  }
  if (snmp === undefined) return;
  if (account !== undefined || trust !== undefined) {
    throw new ApiError("invalid-request", `${account === undefined ? "trust" : "account"}: not with SNMP: see snmp`);
  }
  if (snmp.version === "3" && snmp.privacy !== null && snmp.authentication === null) {
    throw new ApiError("invalid-request", "snmp.privacy: only together with authentication (RFC 3411 §3.4.3)");
  }
}
