import type { Migration } from "../migrate.ts";

export const indicationSubscriptions: Migration = {
  number: 5,
  name: "subscriptions at servers without an agent",
  async up({ schema }, { text, integer }) {
    await schema
      .createTable("indication_subscriptions")
      .addColumn("host_id", text, (column) => column.primaryKey().references("hosts.id"))
      .addColumn("sealed_token", text, (column) => column.notNull())
      .addColumn("handle", text)
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("reason", text, (column) => column.notNull())
      .addColumn("checked_at_ms", integer)
      .addColumn("kept_at_ms", integer)
      .addColumn("expires_at_ms", integer)
      .execute();
  },
};
