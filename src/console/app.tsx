import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { CallError, call } from "./api-call.ts";
import { Failure } from "./failure.tsx";
import { Overview } from "./overview.tsx";
import { SignIn } from "./sign-in.tsx";

/** Who is signed in decides what is shown. */
export function App() {
  const client = useQueryClient();
  const session = useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => call("GET /api/v1/session", {}, signal),
  });

  // Whichever request first hears that the session has ended has the session asked for again.
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (query.queryKey[0] === "session" || !(error instanceof CallError) || error.code !== "unauthenticated")
          return;
        void client.invalidateQueries({ queryKey: ["session"] });
      }),
    [client],
  );

  const refused = session.error instanceof CallError && session.error.code === "unauthenticated";
  if (refused) return <SignIn ended={session.data !== undefined} />;
  if (session.data !== undefined) return <Overview me={session.data} />;
  if (session.error !== null) {
    return (
      <main className="centre">
        <Failure error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  return null;
}
