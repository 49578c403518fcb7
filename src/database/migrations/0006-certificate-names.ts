import type { Migration } from "../migrate.ts";

export const certificateNames: Migration = {
  number: 6,
  name: "names in hosts' certificates",
  async up({ schema }, { text }) {
    for (const table of ["hosts", "enrolment_tokens"]) {
      await schema
        .alterTable(table)
        .addColumn("certificate_names", text, (column) => column.notNull().defaultTo("[]"))
        .execute();
    }
    await schema
      .alterTable("certificates")
      .addColumn("names", text, (column) => column.notNull().defaultTo("[]"))
      .execute();
  },
};
