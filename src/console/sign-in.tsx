import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { CallError, call } from "./api-call.ts";
import { Failure } from "./failure.tsx";
import { LanguageSwitch } from "./header.tsx";
import { Mark } from "./icons.tsx";
import { useWords } from "./language.tsx";

const LINK = /^#sign-in=([A-Za-z0-9_-]+)$/;

/** Takes a link's token out of the address, so that it stays in no history and no bookmark. */
function takeToken(): string | undefined {
  const token = LINK.exec(location.hash)?.[1];
  if (token !== undefined) history.replaceState(null, "", location.pathname);
  return token;
}

export function SignIn({ ended }: { readonly ended: boolean }) {
  const words = useWords();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");

  const onSuccess = (me: object) => {
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" }); // Somebody else's.
    client.setQueryData(["session"], me);
  };
  const byLink = useMutation({
    mutationFn: (token: string) => call("POST /api/v1/session/link", { body: { token } }),
    onSuccess,
  });
  const byPassword = useMutation({
    mutationFn: () => call("POST /api/v1/session/password", { body: { name, password } }),
    onSuccess,
  });

  const { mutate } = byLink;
  useEffect(() => {
    const follow = () => {
      const token = takeToken();
      if (token !== undefined) mutate(token);
    };
    follow();
    // A link pasted into a tab that is open already changes only what stands after the #.
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [mutate]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    byPassword.mutate();
  };

  return (
    <main className="centre sign-in">
      <div className="sign-in-card">
        <div className="brand brand-large">
          <Mark />
          <h1>{words.title}</h1>
        </div>
        <p className="quiet">{words.signIn.motto}</p>
        {ended && byLink.isIdle && byPassword.isIdle && <p role="status">{words.signIn.ended}</p>}
        {byLink.isPending && <p role="status">{words.signIn.byLink}…</p>}
        {byLink.error !== null && <LinkFailure error={byLink.error} />}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label={words.signIn.name}
              value={name}
              autoComplete="username"
              autoCapitalize="none"
              required
              withAsterisk={false}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <PasswordInput
              label={words.signIn.password}
              value={password}
              autoComplete="current-password"
              required
              withAsterisk={false}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {byPassword.error !== null && <PasswordFailure error={byPassword.error} />}
            <Button type="submit" loading={byPassword.isPending}>
              {words.signIn.submit}
            </Button>
          </Stack>
        </form>
        <p className="quiet small">{words.signIn.linkHint}</p>
        <LanguageSwitch />
      </div>
    </main>
  );
}

function LinkFailure({ error }: { readonly error: unknown }) {
  const words = useWords();
  if (!(error instanceof CallError) || error.code !== "unauthenticated") return <Failure error={error} />;
  return (
    <p className="tone-critical" role="alert">
      {words.signIn.linkUsed}
    </p>
  );
}

function PasswordFailure({ error }: { readonly error: unknown }) {
  const words = useWords();
  if (!(error instanceof CallError) || error.code !== "unauthenticated") return <Failure error={error} />;
  return (
    <p className="tone-critical" role="alert">
      {words.signIn.wrong}
    </p>
  );
}
