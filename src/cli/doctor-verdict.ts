import type { DoctorEntry } from "../api/doctor-routes.ts";
import { CAUSES, type CauseId } from "../doctor/causes/causes.ts";
import { WORDS } from "./doctor-words.ts";
import { EXIT, type ExitCode, type Style } from "./output.ts";
import type { Session } from "./session.ts";

/** Something is closed: failed. Some of it, or what nobody could try: done in part. */
export function exitOf(entries: readonly Pick<DoctorEntry, "state">[]): ExitCode {
  if (entries.some(({ state }) => state === "closed")) return EXIT.failed;
  return entries.every(({ state }) => state === "open") ? EXIT.done : EXIT.partly;
}

export const STATE_STYLES: Readonly<Record<string, Style>> = {
  open: "green",
  closed: "red",
  partly: "yellow",
  unknown: "yellow",
  free: "dim",
};

/** Titles in the reader's language; what a newer manager says and this command does not know, as it is. */
export function causesText(session: Session, causes: readonly string[], isProven: boolean): string {
  const titles = causes.map((cause) => (cause in CAUSES ? CAUSES[cause as CauseId].title[session.language] : cause));
  return titles.join(session.say(isProven ? WORDS.and : WORDS.or));
}

export function wordOf(
  session: Session,
  words: Readonly<Record<string, { en: string; ja: string }>>,
  name: string,
): string {
  return words[name]?.[session.language] ?? name;
}
