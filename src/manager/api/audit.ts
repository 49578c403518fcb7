import type { ApiHeard, ApiReply, Routes } from "../../api/routes.ts";
import type { HandledName } from "./handler.ts";

// What the audit trail says of each route that changes something. A route without an entry does not compile.

type ChangingName = { [N in HandledName]: Routes[N]["method"] extends "GET" ? never : N }[HandledName];

interface Audited<N extends ChangingName> {
  readonly action: string;
  /** What it is done to. `reply` is undefined where it was refused. Never a secret. */
  readonly subject: (heard: ApiHeard<N>, reply: ApiReply<N> | undefined) => string;
  readonly details?: (heard: ApiHeard<N>, reply: ApiReply<N> | undefined) => Record<string, unknown>;
}

export const AUDITED: { readonly [N in ChangingName]: Audited<N> } = {
  hostAdd: {
    action: "host.add",
    subject: ({ body }) => body.name,
    details: ({ body: { address, means, port, account, snmp, indications } }) => ({
      ...{ address, means, port, account: account?.name, indications },
      ...(snmp && { snmp: snmp.version === "3" ? `3 ${snmp.user}` : snmp.version }),
    }),
  },
  hostDiscover: {
    action: "host.discover",
    subject: () => "",
    details: ({ body: { addresses } }) => ({ from: addresses[0], to: addresses.at(-1), count: addresses.length }),
  },
  hostCheck: { action: "host.check", subject: ({ params }) => params.host },
  hostChange: {
    action: "host.change",
    subject: ({ params }) => params.host,
    details: ({ body }) => ({ ...body }),
  },
  maintenanceAdd: {
    action: "maintenance.add",
    subject: ({ body }) => body.host ?? body.group ?? "",
    details: ({ body }) => ({ ...body }),
  },
  maintenanceEnd: { action: "maintenance.end", subject: ({ params }) => params.id },
  hostThresholdsSet: {
    action: "host.thresholds",
    subject: ({ params }) => params.host,
    details: ({ body }) => ({ ...body }),
  },
  hostNamesSet: {
    action: "host.names",
    subject: ({ params }) => params.host,
    details: ({ body }) => ({ names: body.names }),
  },
  hostIndications: {
    action: "host.indications",
    subject: ({ params }) => params.host,
    details: ({ body }) => ({ ...body }),
  },
  hostRemove: { action: "host.remove", subject: ({ params }) => params.host },
  hostToken: {
    action: "host.token",
    subject: ({ body }) => body.name ?? "",
    details: ({ body }, reply) => ({ expiresAtMs: reply?.expiresAtMs, certificateNames: body.certificateNames }),
  },
  alertAcknowledge: {
    action: "alert.acknowledge",
    subject: ({ body }) => listed(body.ids),
    details: ({ body }, reply) => ({ acknowledged: reply?.acknowledged.length, host: body.host }),
  },
  alertTest: {
    action: "alert.test",
    subject: ({ body }) => body.host,
    details: ({ body }, reply) => ({ count: reply?.ids.length ?? body.count }),
  },
  doctorExamine: { action: "host.doctor", subject: ({ params }) => params.host },
  doctorIdleStart: {
    action: "host.doctor.idle",
    subject: ({ params }) => params.host,
    details: ({ body }, reply) => ({ idleSeconds: body.idleSeconds, examination: reply?.id }),
  },
  doctorIdleCancel: { action: "host.doctor.idle.cancel", subject: ({ params }) => params.id },
  jobCancel: { action: "job.cancel", subject: ({ params }) => params.id },
  backupStart: {
    action: "backup.start",
    subject: ({ body }) => body.host,
    details: ({ body }, reply) => ({ paths: body.paths, job: reply?.id }),
  },
  restoreStart: {
    action: "restore.start",
    subject: ({ body }) => body.snapshot,
    details: ({ body }, reply) => ({ host: body.host, target: body.target, overwrite: body.overwrite, job: reply?.id }),
  },
  sessionByLink: { action: "session.link", subject: (_, reply) => reply?.name ?? "" },
  sessionByPassword: { action: "session.password", subject: ({ body }) => body.name },
  sessionEnd: { action: "session.end", subject: () => "" },
  passwordSet: { action: "password.set", subject: () => "" },
  accountChange: {
    action: "account.change",
    subject: ({ params }) => params.account,
    details: ({ body }) => ({ ...body }),
  },
  signInLink: {
    action: "sign-in-link.create",
    subject: ({ body }) => body.account,
    details: ({ body }, reply) => ({ expiresAtMs: reply?.expiresAtMs, forgetPassword: body.forgetPassword }),
  },
};

/** Enough ids to find the request by; a thousand would make the trail unreadable. */
function listed(ids: readonly string[]): string {
  return ids.length <= 8 ? ids.join(" ") : `${ids.slice(0, 8).join(" ")} and ${ids.length - 8} more`;
}
