import { expect, it } from "vitest";

/**
 * Stands where tests would that need another program: skipped, with the command that installs it; a failure where
 * RUSUBAN_REQUIRE_PEERS=1, as in CI, so that what CI never ran cannot pass for tested.
 */
export function tellOfMissingPeer({ tests, install }: { readonly tests: string; readonly install: string }): void {
  const note = `${tests}: a program is missing: apt-get update && apt-get install -y ${install}`;
  if (process.env.RUSUBAN_REQUIRE_PEERS === "1") it(tests, () => expect.fail(note));
  else it(tests, (context) => context.skip(note));
}
