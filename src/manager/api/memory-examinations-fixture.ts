import type { DoctorEntry, IdleExamination } from "../../api/doctor-routes.ts";
import type { Host } from "../../model/host.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Examinations } from "./needs.ts";

const IDLE_RUN: IdleExamination = {
  id: "0193c000-0000-7000-8000-00000000d0c7",
  hostId: "",
  idleSeconds: 60,
  state: "running",
  startedAtMs: 0,
  secondsLeft: 240,
  problem: "",
  report: null,
};

/** As the doctor's report has them. */
const EXAMINED: DoctorEntry[] = [
  {
    ...{ flow: "backup-control", family: "ipv4", direction: "manager-to-agent", transport: "tcp", ports: "10000" },
    ...{ from: "192.0.2.1", to: "192.0.2.11", state: "open", causes: [], proven: true, where: [], failedPorts: "" },
    ...{ idle: null, hops: null, evidence: [], nextTest: null, commands: [] },
  },
  {
    ...{ flow: "manager-report", family: "ipv4", direction: "agent-to-manager", transport: "tcp", ports: "31134" },
    ...{ from: "192.0.2.11", to: "192.0.2.1", state: "closed", causes: ["host-firewall-drop"], proven: true },
    ...{ where: ["this-host"], failedPorts: "", idle: null, hops: null, nextTest: null },
    evidence: [
      {
        en: "Packets arrived here and were dropped by this host's own firewall.",
        ja: "パケットは到着しましたが、このホスト自身のファイアウォールが破棄しました。",
      },
    ],
    commands: [
      {
        ...{ where: "this-host", firewall: "ufw" },
        command: {
          en: "ufw allow proto tcp from 192.0.2.11 to any port 31134",
          ja: "ufw allow proto tcp from 192.0.2.11 to any port 31134",
        },
      },
    ],
  },
];

/** The doctor in memory: a host that is up has one flow that a firewall drops, one that is not leaves a text to paste. Never used outside tests. */
export function createMemoryExaminations({
  find,
  clock,
}: {
  readonly find: (hostId: string) => Host | undefined;
  readonly clock: Clock;
}): Examinations {
  let idleRun: IdleExamination | undefined;
  return {
    async examine(hostId) {
      const host = find(hostId);
      if (host === undefined) return undefined;
      const { name, address } = host;
      const startedAtMs = clock.now();
      const about = { host: name, hostId, address, startedAtMs };
      if (host.state === "up")
        return { ...about, tookMs: 2_140, via: "backup-control", entries: EXAMINED, paste: null };
      return { ...about, tookMs: 9_800, via: null, entries: [], paste: "rusuban doctor answer TOKEN" };
    },
    startIdle: (hostId, idleSeconds) => {
      idleRun = { ...IDLE_RUN, hostId, idleSeconds, startedAtMs: clock.now(), secondsLeft: 4 * idleSeconds };
      return idleRun;
    },
    findIdle: async (id) => (id === idleRun?.id ? idleRun : undefined),
    cancelIdle(id) {
      if (id !== idleRun?.id) return undefined;
      idleRun = { ...idleRun, state: "cancelled", secondsLeft: 0 };
      return idleRun;
    },
  };
}
