import type { Migration } from "../migrate.ts";

export const snmpAndThresholds: Migration = {
  number: 8,
  name: "servers that are asked by SNMP, thresholds of one server",
  async up({ schema }, { text }) {
    for (const column of ["sealed_snmp", "thresholds"]) {
      await schema.alterTable("agentless_hosts").addColumn(column, text).execute();
    }
  },
};
