// The part of docs/doctor.md that lists every cause, from the declarations in src/doctor/causes.

import { CAUSE_IDS, causeOf } from "../src/doctor/causes/causes.ts";

export const CAUSES_PARTS = {
  causes: () =>
    [
      "| cause | 日本語 | what is so | what proves it | where |",
      "| --- | --- | --- | --- | --- |",
      ...CAUSE_IDS.map((id) => {
        const { title, meaning, proof, places } = causeOf(id);
        return `| \`${id}\` | ${title.ja} | ${meaning.en} | ${proof.en} | ${places.join(", ")} |`;
      }),
    ].join("\n"),
};
