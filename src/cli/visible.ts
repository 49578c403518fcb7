// Text that came from elsewhere (a manager, an agent's file names, an alert) before it reaches a terminal. Whatever a
// terminal would obey instead of show is written out as an escape: control characters and ANSI sequences, characters
// that reorder text (Unicode Technical Report 36 §2.4), that have no width, or that end a line.

const OBEYED =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** `text` in one line, with every character that would act on a terminal written as `\n`, `\x1b` or `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(OBEYED, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** JSON that a terminal shows instead of obeying: the same characters, which JSON allows to stand raw, as `\u202e`. */
export function jsonText(value: unknown, indent?: number): string {
  // The line breaks of the layout are the only control characters that JSON.stringify writes.
  return JSON.stringify(value, null, indent).replace(OBEYED, (character) =>
    character === "\n"
      ? character
      : character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
