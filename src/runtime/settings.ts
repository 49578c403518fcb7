import { readFileSync } from "node:fs";
import { parse as parseToml } from "smol-toml";
import { codeOf, reasonOf, SettingsError } from "./errors.ts";
import type { SettingKind } from "./setting-kinds.ts";

// Settings come from flag, environment, file and default, in this order. A key is dotted (`ports.managerReport`), its
// environment variable RUSUBAN_PORTS_MANAGER_REPORT, its place in the file `managerReport` under `[ports]`.

export interface Setting<T> {
  readonly kind: SettingKind<T>;
  readonly default: T;
  /** One sentence for `--help` and docs/settings.md. */
  readonly about: string;
}

/** Ties a default to its kind, so that the type of the value is inferred. */
export function setting<T>(kind: SettingKind<T>, fallback: NoInfer<T>, about: string): Setting<T> {
  return { kind, default: fallback, about };
}

// biome-ignore lint/suspicious/noExplicitAny: "a setting of whatever type"; the types of the values are inferred from it.
export type Settings = Readonly<Record<string, Setting<any>>>;
export type SettingValues<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export interface SettingSources {
  /** Keys to texts, from the command line. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the TOML file, where there may be one. */
  readonly file?: string;
}

/** Throws SettingsError naming the key, the place it was set in, the value, and what was expected there. */
export function loadSettings<S extends Settings>(
  declared: S,
  { flags = {}, env, file }: SettingSources,
): SettingValues<S> {
  const fromFile = file === undefined ? {} : readSettingsFile(file);
  for (const key of Object.keys(fromFile)) {
    if (!Object.hasOwn(declared, key))
      throw new SettingsError(key, `unknown setting in ${file}${didYouMean(key, Object.keys(declared))}`);
  }
  const values: Record<string, unknown> = {};
  for (const [key, { kind, default: fallback }] of Object.entries(declared)) {
    const places: readonly (readonly [string, unknown])[] = [
      [`the flag for ${key}`, flags[key]],
      [`environment variable ${environmentName(key)}`, env[environmentName(key)]],
      [`${file}`, fromFile[key]],
    ];
    const set = places.find(([, raw]) => raw !== undefined);
    values[key] = set === undefined ? fallback : parseValue(key, kind, set);
  }
  return values as SettingValues<S>;
}

function parseValue(key: string, kind: SettingKind<unknown>, [place, raw]: readonly [string, unknown]): unknown {
  const value = kind.parse(raw);
  if (value === undefined)
    throw new SettingsError(key, `${JSON.stringify(raw)} in ${place} is not valid: expected ${kind.expected}`);
  return value;
}

/** `ports.managerReport` → `RUSUBAN_PORTS_MANAGER_REPORT`. */
export function environmentName(key: string): string {
  return `RUSUBAN_${key
    .replaceAll(".", "_")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()}`;
}

/** The file's values by dotted key. A file that is not there sets nothing. */
function readSettingsFile(file: string): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return {};
    throw new SettingsError("settings", `cannot read ${file}: ${reasonOf(error)}`);
  }
  try {
    return flatten(parseToml(content));
  } catch (error) {
    throw new SettingsError("settings", `${file} is not valid TOML: ${reasonOf(error)}`);
  }
}

function flatten(table: Readonly<Record<string, unknown>>, prefix = ""): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(table)) {
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable) Object.assign(flat, flatten(value as Record<string, unknown>, `${prefix}${name}.`));
    else flat[`${prefix}${name}`] = value;
  }
  return flat;
}

/** `: did you mean "x"?` where one of the known names is near, else the empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `: did you mean "${near.candidate}"?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
