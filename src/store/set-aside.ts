import { codeOf } from "../runtime/errors.ts";
import type { Medium } from "./medium.ts";
import { twinOf } from "./twin-files.ts";

// Damaged files are evidence, and perhaps somebody can read more of them than we can. They keep their names below
// `damaged/`, and nothing ever deletes them there.

export const DAMAGED_FOLDER = "damaged/";
/** The same name can be damaged again: a snapshot's, mended from its copy. */
const TIMES_MAX = 1_000;

/** The name it has now; undefined where there was no such file. Durable when it resolves. */
export async function setAside(medium: Medium, name: string): Promise<string | undefined> {
  for (let time = 1; time <= TIMES_MAX; time++) {
    const aside = `${DAMAGED_FOLDER}${name}${time === 1 ? "" : `.${time}`}`;
    try {
      await medium.move(name, aside);
      return aside;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
  throw new Error(`${name}: ${TIMES_MAX} damaged files of this name are set aside already`);
}

export async function setTwinsAside(medium: Medium, name: string): Promise<void> {
  await setAside(medium, twinOf(name));
  await setAside(medium, name);
}
