import { CimError } from "../cim-error.ts";

/** WQL as WMI has it, CQL after DSP0202; docs/cim.md says which part of each. */
export type QueryLanguage = "WQL" | "CQL";

/** What servers and clients call them, in lower case: names of CIM-XML and WS-Man's dialects. */
const NAMES: Readonly<Record<string, QueryLanguage>> = {
  wql: "WQL",
  "wmi:wql": "WQL",
  "http://schemas.microsoft.com/wbem/wsman/1/wql": "WQL",
  "dmtf:cql": "CQL",
  "cim:cql": "CQL",
  cql: "CQL",
  "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf": "CQL",
};

/** Throws QUERY_LANGUAGE_NOT_SUPPORTED. */
export function languageOf(name: string): QueryLanguage {
  const key = name.trim().toLowerCase();
  const found = Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
  if (found === undefined)
    throw new CimError(
      "QUERY_LANGUAGE_NOT_SUPPORTED",
      `${JSON.stringify(name.slice(0, 100))} is not spoken: WQL or DMTF:CQL`,
    );
  return found;
}
