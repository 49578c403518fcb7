import type { Migration } from "../migrate.ts";

export const agentlessHosts: Migration = {
  number: 4,
  name: "hosts without an agent",
  async up({ schema }, { text, integer }) {
    await schema
      .alterTable("hosts")
      .addColumn("means", text, (column) => column.notNull().defaultTo("agent"))
      .execute();
    await schema
      .createTable("agentless_hosts")
      .addColumn("host_id", text, (column) => column.primaryKey().references("hosts.id"))
      .addColumn("port", integer)
      .addColumn("trust", text, (column) => column.notNull())
      .addColumn("account", text)
      .addColumn("sealed_password", text)
      .addColumn("path", text)
      .addColumn("namespace", text)
      .execute();
  },
};
