import { closest } from "../ports/closest.ts";
import { formatRange, type Language, PARTY_TITLES, type Party } from "../ports/flow.ts";
import { flowName } from "../ports/port-map.ts";
import type { Profile, ProfilePort, ProfileRow, ProfileVariant } from "../ports/profiles/profile.ts";
import { rowsFor } from "../ports/profiles/profile.ts";
import { PROFILES } from "../ports/profiles/profiles.ts";
import { bold, CommandError, EXIT, type Output, printTable } from "./output.ts";
import { CAPTIONS } from "./ports-words.ts";

/** Throws CommandError with the names that there are. */
export function profileNamed(name: string): Profile {
  const found = PROFILES.find((profile) => profile.name === name.toLowerCase());
  return found ?? unknown("unknown-profile", `there is no profile ${JSON.stringify(name)}`, name, PROFILES);
}

/** Throws CommandError with the variants that the profile has. */
export function variantNamed(profile: Profile, name: string): ProfileVariant {
  const found = profile.variants.find((variant) => variant.name === name.toLowerCase());
  const message = `profile ${profile.name} has no variant ${JSON.stringify(name)}`;
  return found ?? unknown("unknown-variant", message, name, profile.variants);
}

function unknown(code: string, message: string, wanted: string, all: readonly { readonly name: string }[]): never {
  const names = all.map(({ name }) => name);
  const [guess] = closest(wanted, names);
  const list = names.length === 0 ? "it has none" : `there are ${names.join(", ")}`;
  throw new CommandError(code, message, {
    hint: guess === undefined ? list : `did you mean ${guess}? (${list})`,
    exit: EXIT.usage,
  });
}

export function profileNames(): readonly Pick<Profile, "name" | "product" | "variants">[] {
  return PROFILES.map(({ name, product, variants }) => ({ name, product, variants }));
}

export function printProfileNames(output: Output, lang: Language): void {
  const caption = CAPTIONS[lang];
  const rows = profileNames().map(({ name, product, variants }) => [
    name,
    product,
    variants.map((variant) => variant.name).join(", "),
  ]);
  printTable(output, [caption.profile, caption.product, caption.variants], rows);
}

/** The whole profile for `--json`, flows by their public names. */
export function profileData(profile: Profile, variant: ProfileVariant | null): object {
  const rows = rowsOf(profile, variant).map((row) => ({ ...row, flows: row.flows.map(flowName) }));
  return { ...profile, variant: variant?.name ?? null, rows };
}

function rowsOf(profile: Profile, variant: ProfileVariant | null): readonly ProfileRow[] {
  return variant === null ? profile.rows : rowsFor(profile, variant);
}

/** The rows as a table, then what the document says beside it. */
export function printProfile(
  output: Output,
  profile: Profile,
  { variant, lang }: { variant: ProfileVariant | null; lang: Language },
): void {
  const caption = CAPTIONS[lang];
  const rows = rowsOf(profile, variant);
  const about = variant === null ? profile.sourceFile : `${variant.title[lang]}, ${profile.sourceFile}`;
  output.write(`${bold(output, profile.product)} (${about})\n\n`);
  printTable(
    output,
    [caption.row, caption.direction, caption.port, caption.flow, caption.title],
    rows.map((row) => [
      row.id,
      `${partyText(row.from, lang)} → ${partyText(row.to, lang)}`,
      portsText(row, lang),
      row.flows.map(flowName).join(", ") || "-",
      row.feature[lang],
    ]),
  );
  const notes = rows.flatMap((row) => notesOn(row, lang).map((note) => `  ${row.id}  ${note}\n`));
  if (notes.length > 0) output.write(`\n${bold(output, caption.notes)}\n${notes.join("")}`);
}

function notesOn(row: ProfileRow, lang: Language): string[] {
  const caption = CAPTIONS[lang];
  return [
    ...(row.scope === "loopback" ? [caption.loopback] : []),
    ...(row.unserved === null ? [] : [row.unserved[lang]]),
    ...row.ports.flatMap((port) => (port.kind === "range" ? [`${formatRange(port.range)}: ${port.statedIn}`] : [])),
    ...(row.changeable === null
      ? []
      : [`${caption.changeable}: ${[row.changeable, row.changeWhere ?? []].flat().join("; ")}`]),
    ...row.footnotes,
    ...row.inferred.map((text) => `${caption.inferred}: ${text}`),
  ];
}

function partyText(party: Party | null, lang: Language): string {
  return party === null ? CAPTIONS[lang].notStated : PARTY_TITLES[party][lang];
}

function portsText(row: ProfileRow, lang: Language): string {
  if (row.transport === "icmp") return row.transport;
  const ports = row.ports.map((port) => portText(port, lang)).join(", ");
  const numbered = row.ports.some(({ kind }) => kind === "port" || kind === "range");
  return numbered ? `${ports}/${row.transport}` : ports;
}

function portText(port: ProfilePort, lang: Language): string {
  switch (port.kind) {
    case "port":
      return port.onlyOn === undefined ? String(port.port) : `${port.port} (${port.onlyOn})`;
    case "range":
      return formatRange(port.range);
    case "windows-rule":
      return port.rule;
    case "automatic":
      return CAPTIONS[lang].automatic;
    case "portless":
    case "none":
      return CAPTIONS[lang].none;
  }
}
