import type { HostReadings } from "../model/reading.ts";
import type { Connections } from "../net/connections.ts";
import type { Identity } from "../net/identity.ts";
import { readMetricsToken } from "../net/metrics-token.ts";
import type { PortBook } from "../ports/port-settings.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import type { Random } from "../runtime/random.ts";
import { type AgentObjectManagerNeeds, createAgentObjectManager } from "./cim/create-agent-object-manager.ts";
import { createManagement, type Management, type ManagementNeeds } from "./management/management.ts";
import type { AgentSettings } from "./settings.ts";

// The part of the composition root by which others manage this host, in the words of the standards: WS-Management,
// CIM-XML, and metrics for Prometheus.

export interface StandardsNeeds {
  readonly files: ManagementNeeds["files"];
  readonly settings: AgentSettings;
  readonly book: PortBook;
  readonly identity: () => Identity;
  readonly managerId: () => string;
  readonly system: NonNullable<AgentObjectManagerNeeds["system"]>;
  readonly survey: NonNullable<AgentObjectManagerNeeds["survey"]>;
  /** What the last look at this host found. */
  readonly latestReadings: () => HostReadings | undefined;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export async function createStandards(needs: StandardsNeeds): Promise<Management> {
  const { files, settings, book, identity, managerId, system, survey, connections, clock, random, log } = needs;
  const tokenFile = settings["metrics.tokenFile"];
  return createManagement({
    files,
    metrics:
      tokenFile === "" ? undefined : { mayScrape: await readMetricsToken(tokenFile), latest: needs.latestReadings },
    settings: {
      listenHost: settings["listen.host"],
      plainWsman: settings["cim.plainHttp"] === "on",
      localCimXml: settings["cim.localHttp"] === "on",
      rules: {
        allowPlain: settings["cim.plainDestinations"] === "on",
        allowLoopback: settings["cim.loopbackDestinations"] === "on",
        defaultPort: book.portOf("cimIndication"),
      },
      destinationAuthorities: settings["cim.destinationAuthorities"],
    },
    book,
    identity,
    managerId,
    createObjects: (additions) =>
      createAgentObjectManager({
        ...{ clock, system, survey, agentVersion: VERSION },
        services: { watched: settings["watch.services"], controllable: settings["cim.services"] },
        onProblem: ({ message }) => log.warn({ problem: message }, "a part of the host cannot be told as CIM"),
        ...additions,
      }),
    connections,
    clock,
    random,
    log,
  });
}
