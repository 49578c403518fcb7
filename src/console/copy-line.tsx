import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useWords } from "./language.tsx";

/** A command to take along. */
export function CopyLine({ line }: { readonly line: string }) {
  const words = useWords();
  const clipboard = useClipboard({ timeout: 2_000 });
  return (
    <div className="copy-line">
      <code>{line}</code>
      <Button size="compact-sm" variant="default" onClick={() => clipboard.copy(line)}>
        {clipboard.copied ? words.copied : words.copy}
      </Button>
    </div>
  );
}
