// Where nftables' rules come from after a restart: one file that the distribution's service loads. Ours is a file of our
// own; the distribution's gets one line that includes it. That line is the only thing ever written to a file of somebody
// else, it is told, and it goes with our rules.

import type { Machine, PersistenceReport } from "./backend.ts";
import type { PlacedOpening } from "./opening.ts";

/** Debian, Arch, SUSE; Red Hat. */
const MAIN_FILES = ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"];
const OWN_FILE = "/etc/rusuban/firewall.nft";
const INCLUDE_LINE = `include "${OWN_FILE}" # rusuban: \`rusuban firewall remove\` takes this line away`;
/** The entries as data, for reading back: nft's own text is not ours to parse. */
const DATA_MARK = "# rusuban-entries ";

export async function readPersistentNft({ files }: Machine): Promise<readonly PlacedOpening[]> {
  const text = await files.read(OWN_FILE);
  const data = text?.split("\n").find((line) => line.startsWith(DATA_MARK));
  return data === undefined ? [] : (JSON.parse(data.slice(DATA_MARK.length)) as PlacedOpening[]);
}

export async function persistNft(
  { files }: Machine,
  entries: readonly PlacedOpening[],
  script: (entries: readonly PlacedOpening[]) => string,
): Promise<PersistenceReport> {
  const main = await mainFile(files.read);
  const done: string[] = [];
  if (entries.length === 0) {
    const without = main?.text.split("\n").filter((line) => line !== INCLUDE_LINE);
    if (main !== undefined && without !== undefined && without.join("\n") !== main.text) {
      await files.write(main.path, without.join("\n"));
      done.push(`took the line that includes ${OWN_FILE} out of ${main.path}`);
    }
    if ((await files.read(OWN_FILE)) !== undefined) {
      await files.remove(OWN_FILE);
      done.push(`removed ${OWN_FILE}`);
    }
    return { done, missing: [] };
  }
  const head = "# Written by rusuban firewall: loaded after everybody else's rules; replaced as a whole.";
  const text = `${head}\n${script(entries)}${DATA_MARK}${JSON.stringify(entries)}\n`;
  if ((await files.read(OWN_FILE)) !== text) {
    await files.write(OWN_FILE, text);
    done.push(`wrote ${OWN_FILE}`);
  }
  if (main === undefined) {
    return {
      done,
      missing: [`none of ${MAIN_FILES.join(", ")} is there: have your system load ${OWN_FILE} when it starts`],
    };
  }
  if (!main.text.split("\n").includes(INCLUDE_LINE)) {
    const gap = main.text === "" || main.text.endsWith("\n") ? "" : "\n";
    await files.write(main.path, `${main.text}${gap}${INCLUDE_LINE}\n`);
    done.push(`added to the end of ${main.path}: ${INCLUDE_LINE}`);
  }
  return { done, missing: [] };
}

async function mainFile(read: Machine["files"]["read"]): Promise<{ path: string; text: string } | undefined> {
  for (const path of MAIN_FILES) {
    const text = await read(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
