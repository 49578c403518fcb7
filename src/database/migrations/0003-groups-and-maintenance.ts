import type { Migration } from "../migrate.ts";

export const groupsAndMaintenance: Migration = {
  number: 3,
  name: "groups and maintenance windows",
  async up({ schema }, { text, integer }) {
    await schema
      .alterTable("hosts")
      .addColumn("group_path", text, (column) => column.notNull().defaultTo(""))
      .execute();
    await schema.alterTable("hosts").addColumn("unwatched_at_ms", integer).execute();

    await schema
      .createTable("maintenance_windows")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("scope", text, (column) => column.notNull())
      .addColumn("schedule", text, (column) => column.notNull())
      .addColumn("note", text, (column) => column.notNull())
      .addColumn("created_by", text, (column) => column.notNull())
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .execute();
  },
};
