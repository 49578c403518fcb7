import { SettingsError } from "../runtime/errors.ts";

/** Why a store could not be opened; each wants something else of the operator. */
export type StoreRefusal = "no-store" | "in-use" | "newer" | "wrong-passphrase";

export class StoreOpenError extends SettingsError {
  readonly refusal: StoreRefusal;
  constructor(refusal: StoreRefusal, problem: string) {
    super(refusal === "wrong-passphrase" ? "passphrase" : "store", problem);
    this.refusal = refusal;
  }
}
