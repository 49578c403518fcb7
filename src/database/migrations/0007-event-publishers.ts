import type { Migration } from "../migrate.ts";

export const eventPublishers: Migration = {
  number: 7,
  name: "publishers of Windows events and their bookmarks",
  async up({ schema }, { text, integer }) {
    await schema
      .createTable("event_publishers")
      .addColumn("name", text, (column) => column.primaryKey())
      .addColumn("host_id", text, (column) => column.notNull().references("hosts.id"))
      .execute();
    await schema
      .createTable("event_bookmarks")
      .addColumn("publisher", text, (column) => column.notNull().references("event_publishers.name"))
      .addColumn("subscription_id", text, (column) => column.notNull())
      .addColumn("bookmark", text, (column) => column.notNull())
      .addColumn("taken_at_ms", integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("event_bookmarks_key", ["publisher", "subscription_id"])
      .execute();
  },
};
