import { Button } from "@mantine/core";
import { CallError } from "./api-call.ts";
import { WarningIcon } from "./icons.tsx";
import { useWords } from "./language.tsx";

/** Why something failed, in the manager's own words, and a way to try again. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const words = useWords();
  const unreachable = error instanceof CallError && error.code === "unreachable";
  return (
    <div className="failure" role="alert">
      <WarningIcon />
      <div>
        <strong>{unreachable ? words.signIn.noManager : words.failed}</strong>
        {error instanceof CallError && !unreachable && (
          <div>
            {error.message}
            {error.hint !== undefined && <div className="quiet">{error.hint}</div>}
          </div>
        )}
      </div>
      {retry !== undefined && (
        <Button size="compact-sm" variant="default" onClick={retry}>
          {words.again}
        </Button>
      )}
    </div>
  );
}
