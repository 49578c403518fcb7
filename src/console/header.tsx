import { ActionIcon, Menu, SegmentedControl, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Me } from "../api/session-routes.ts";
import { call } from "./api-call.ts";
import { Mark, MoonIcon, PersonIcon, SunIcon } from "./icons.tsx";
import { type Language, useSpeech } from "./language.tsx";
import type { Connection } from "./live.ts";
import { SetPassword } from "./set-password.tsx";

export function Header({ me, connection }: { readonly me: Me; readonly connection: Connection }) {
  const { words } = useSpeech();
  return (
    <header className="header">
      <div className="header-row">
        <div className="brand">
          <Mark />
          <span>{words.title}</span>
        </div>
        <ConnectionMark connection={connection} />
        <div className="spacer" />
        <LanguageSwitch />
        <ColourSwitch />
        <AccountMenu me={me} />
      </div>
    </header>
  );
}

function ConnectionMark({ connection }: { readonly connection: Connection }) {
  const { words } = useSpeech();
  const word = { live: words.live, connecting: words.connecting, lost: words.lost }[connection];
  return (
    <span className={`connection connection-${connection}`} role="status">
      <span className="connection-dot" aria-hidden="true" />
      {word}
      {connection === "lost" && "…"}
    </span>
  );
}

export function LanguageSwitch() {
  const { language, setLanguage, words } = useSpeech();
  return (
    <SegmentedControl
      size="xs"
      aria-label={words.language}
      value={language}
      onChange={(value) => setLanguage(value as Language)}
      data={[
        { value: "en", label: "English" },
        { value: "ja", label: "日本語" },
      ]}
    />
  );
}

function ColourSwitch() {
  const { words } = useSpeech();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const label = scheme === "dark" ? words.toLight : words.toDark;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      title={label}
      aria-label={label}
      onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
    >
      {scheme === "dark" ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}

function AccountMenu({ me }: { readonly me: Me }) {
  const { words } = useSpeech();
  const client = useQueryClient();
  const [changing, setChanging] = useState(false);
  const signOut = useMutation({
    mutationFn: () => call("DELETE /api/v1/session"),
    onSettled: () => {
      client.clear();
      location.reload(); // Nothing of what was shown stays in memory.
    },
  });
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            title={me.name}
            aria-label={`${words.account}: ${me.name}`}
          >
            <PersonIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{me.name}</Menu.Label>
          <Menu.Item onClick={() => setChanging(true)}>
            {me.hasPassword ? words.password.change : words.password.set}
          </Menu.Item>
          <Menu.Item onClick={() => signOut.mutate()}>{words.signOut}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <SetPassword me={me} opened={changing} onClose={() => setChanging(false)} />
    </>
  );
}
