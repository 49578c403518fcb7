import { sql } from "kysely";
import type { Migration } from "../migrate.ts";

export const firstTables: Migration = {
  number: 1,
  name: "first tables",
  async up(database, { text, integer, sequence }) {
    const { schema } = database;

    await schema
      .createTable("hosts")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("name", text, (column) => column.notNull().unique())
      .addColumn("facts", text, (column) => column.notNull())
      .addColumn("address", text, (column) => column.notNull())
      .addColumn("ports", text, (column) => column.notNull())
      .addColumn("enrolled_at_ms", integer, (column) => column.notNull())
      .addColumn("last_seen_at_ms", integer)
      .addColumn("revoked_at_ms", integer)
      .execute();

    await schema
      .createTable("enrolment_tokens")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("secret_hash", text, (column) => column.notNull())
      .addColumn("host_name", text)
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .addColumn("created_by", text, (column) => column.notNull())
      .addColumn("expires_at_ms", integer, (column) => column.notNull())
      .addColumn("used_at_ms", integer)
      .addColumn("used_by_host_id", text)
      .addColumn("used_key_hash", text)
      .execute();

    await schema
      .createTable("certificates")
      .addColumn("serial", text, (column) => column.primaryKey())
      .addColumn("host_id", text, (column) => column.references("hosts.id"))
      .addColumn("fingerprint", text, (column) => column.notNull().unique())
      .addColumn("issued_at_ms", integer, (column) => column.notNull())
      .addColumn("expires_at_ms", integer, (column) => column.notNull())
      .addColumn("revoked_at_ms", integer)
      .execute();
    await schema.createIndex("certificates_by_host").on("certificates").column("host_id").execute();

    await schema
      .createTable("alerts")
      .addColumn("sequence", ...sequence)
      .addColumn("host_id", text, (column) => column.notNull().references("hosts.id"))
      .addColumn("id", text, (column) => column.notNull())
      .addColumn("raised_at_ms", integer, (column) => column.notNull())
      .addColumn("severity", integer, (column) => column.notNull())
      .addColumn("category", integer, (column) => column.notNull())
      .addColumn("kind", text, (column) => column.notNull())
      .addColumn("component", text, (column) => column.notNull())
      .addColumn("condition", text, (column) => column.notNull())
      .addColumn("summary", text, (column) => column.notNull())
      .addColumn("details", text, (column) => column.notNull())
      .addColumn("bytes", integer, (column) => column.notNull())
      .addColumn("received_at_ms", integer, (column) => column.notNull())
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("acknowledged_at_ms", integer)
      .addColumn("acknowledged_by", text)
      .addColumn("cleared_at_ms", integer)
      // Exactly once. The id leads: ids rise with time, so that new rows of all hosts go to the end of the index.
      .addUniqueConstraint("alerts_once", ["id", "host_id"])
      .execute();
    await schema.createIndex("alerts_by_host").on("alerts").columns(["host_id", "sequence"]).execute();
    await schema.createIndex("alerts_by_state").on("alerts").columns(["state", "sequence"]).execute();
    // What opens and closes, found by condition: the latest word on it, and what still lasts. Events, the many, are in neither.
    await schema
      .createIndex("alerts_by_condition")
      .on("alerts")
      .columns(["host_id", "condition", "component", "raised_at_ms", "sequence"])
      .where(sql.ref("kind"), "<>", "event")
      .execute();
    await schema
      .createIndex("alerts_lasting")
      .on("alerts")
      .columns(["host_id", "condition", "component"])
      .where(sql.ref("kind"), "=", "raised")
      .where(sql.ref("state"), "<>", "cleared")
      .execute();

    await schema
      .createTable("alert_counts")
      .addColumn("host_id", text, (column) => column.notNull().references("hosts.id"))
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("severity", integer, (column) => column.notNull())
      .addColumn("count", integer, (column) => column.notNull())
      .addColumn("bytes", integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("alert_counts_key", ["host_id", "state", "severity"])
      .execute();

    await schema
      .createTable("jobs")
      .addColumn("sequence", ...sequence)
      .addColumn("id", text, (column) => column.notNull().unique())
      .addColumn("kind", text, (column) => column.notNull())
      .addColumn("host_id", text, (column) => column.notNull().references("hosts.id"))
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("requested_by", text, (column) => column.notNull())
      .addColumn("paths", text, (column) => column.notNull())
      .addColumn("snapshot_id", text)
      .addColumn("target", text)
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .addColumn("started_at_ms", integer)
      .addColumn("ended_at_ms", integer)
      .addColumn("files", integer, (column) => column.notNull().defaultTo(0))
      .addColumn("bytes", integer, (column) => column.notNull().defaultTo(0))
      .addColumn("bytes_sent", integer, (column) => column.notNull().defaultTo(0))
      .addColumn("problems", integer, (column) => column.notNull().defaultTo(0))
      .addColumn("current", text, (column) => column.notNull().defaultTo(""))
      .addColumn("reason", text)
      .execute();
    await schema.createIndex("jobs_by_host").on("jobs").columns(["host_id", "sequence"]).execute();
    await schema.createIndex("jobs_by_state").on("jobs").columns(["state", "sequence"]).execute();

    await schema
      .createTable("job_log_lines")
      .addColumn("sequence", ...sequence)
      .addColumn("job_id", text, (column) => column.notNull().references("jobs.id").onDelete("cascade"))
      .addColumn("at_ms", integer, (column) => column.notNull())
      .addColumn("level", text, (column) => column.notNull())
      .addColumn("text", text, (column) => column.notNull())
      .execute();
    await schema.createIndex("job_log_lines_by_job").on("job_log_lines").columns(["job_id", "sequence"]).execute();

    await schema
      .createTable("accounts")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("name", text, (column) => column.notNull().unique())
      .addColumn("role", text, (column) => column.notNull())
      .addColumn("password_hash", text)
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .addColumn("disabled_at_ms", integer)
      .execute();

    await schema
      .createTable("sessions")
      .addColumn("id_hash", text, (column) => column.primaryKey())
      .addColumn("account_id", text, (column) => column.notNull().references("accounts.id").onDelete("cascade"))
      .addColumn("address", text, (column) => column.notNull())
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .addColumn("last_used_at_ms", integer, (column) => column.notNull())
      .addColumn("expires_at_ms", integer, (column) => column.notNull())
      .execute();
    await schema.createIndex("sessions_by_account").on("sessions").column("account_id").execute();
    await schema.createIndex("sessions_by_expiry").on("sessions").column("expires_at_ms").execute();

    await schema
      .createTable("sign_in_links")
      .addColumn("secret_hash", text, (column) => column.primaryKey())
      .addColumn("account_id", text, (column) => column.notNull().references("accounts.id").onDelete("cascade"))
      .addColumn("created_at_ms", integer, (column) => column.notNull())
      .addColumn("expires_at_ms", integer, (column) => column.notNull())
      .addColumn("used_at_ms", integer)
      .execute();

    await schema
      .createTable("audit_entries")
      .addColumn("sequence", ...sequence)
      .addColumn("at_ms", integer, (column) => column.notNull())
      .addColumn("actor", text, (column) => column.notNull())
      .addColumn("address", text, (column) => column.notNull())
      .addColumn("action", text, (column) => column.notNull())
      .addColumn("subject", text, (column) => column.notNull())
      .addColumn("details", text, (column) => column.notNull())
      .execute();

    await schema
      .createTable("settings")
      .addColumn("key", text, (column) => column.primaryKey())
      .addColumn("value", text, (column) => column.notNull())
      .addColumn("changed_at_ms", integer, (column) => column.notNull())
      .addColumn("changed_by", text, (column) => column.notNull())
      .execute();
  },
};
