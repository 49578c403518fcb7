import type { CompiledQuery } from "kysely";

/**
 * A query that was compiled once, for another run: `parameters` in the order in which they stand in its text, which is the
 * order in which the builder was told them. For the few hot paths where building the query costs more than running it.
 */
export function withParameters<R>(query: CompiledQuery<R>, parameters: readonly unknown[]): CompiledQuery<R> {
  return { ...query, parameters };
}
