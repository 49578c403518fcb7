import type { Migration } from "../migrate.ts";

export const endedSubscriptions: Migration = {
  number: 9,
  name: "subscriptions that are wanted no more",
  async up({ schema }, { integer }) {
    await schema.alterTable("indication_subscriptions").addColumn("ended_at_ms", integer).execute();
  },
};
