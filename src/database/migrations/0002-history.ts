import type { Migration } from "../migrate.ts";

export const history: Migration = {
  number: 2,
  name: "history of readings",
  async up({ schema }, { text, integer, bytes, sequence }) {
    await schema
      .createTable("reading_series")
      .addColumn("sequence", ...sequence)
      .addColumn("host_id", text, (column) => column.notNull().references("hosts.id"))
      .addColumn("component", text, (column) => column.notNull())
      .addColumn("measure", text, (column) => column.notNull())
      .addColumn("unit", text, (column) => column.notNull())
      .addColumn("last_hour", integer, (column) => column.notNull())
      .addUniqueConstraint("reading_series_once", ["host_id", "component", "measure"])
      .execute();

    await schema
      .createTable("reading_minutes")
      .addColumn("hour", integer, (column) => column.notNull())
      .addColumn("series", integer, (column) => column.notNull().references("reading_series.sequence"))
      .addColumn("samples", bytes, (column) => column.notNull())
      // The hour leads: what is written together lies together, and what is oldest goes as one stretch.
      .addPrimaryKeyConstraint("reading_minutes_key", ["hour", "series"])
      .execute();

    await schema
      .createTable("reading_hours")
      .addColumn("day", integer, (column) => column.notNull())
      .addColumn("series", integer, (column) => column.notNull().references("reading_series.sequence"))
      .addColumn("samples", bytes, (column) => column.notNull())
      .addPrimaryKeyConstraint("reading_hours_key", ["day", "series"])
      .execute();

    await schema
      .createTable("reading_volumes")
      .addColumn("day", integer, (column) => column.notNull())
      .addColumn("grain", text, (column) => column.notNull())
      .addColumn("bytes", integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("reading_volumes_key", ["day", "grain"])
      .execute();
  },
};
