import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { Me } from "../api/session-routes.ts";
import { alertSentence, type SaidAlert } from "../model/alert-words.ts";
import { AddServer } from "./add-server.tsx";
import { AlertList } from "./alert-list.tsx";
import { CallError, call } from "./api-call.ts";
import { Header } from "./header.tsx";
import { HostList } from "./host-list.tsx";
import { JobList } from "./job-list.tsx";
import { useSpeech, useWords } from "./language.tsx";
import { useLive } from "./live.ts";
import { SetPassword } from "./set-password.tsx";
import { Verdict } from "./verdict.tsx";

/** The one page: is all well, and if not, where. */
export function Overview({ me }: { readonly me: Me }) {
  const { words, language } = useSpeech();
  const [adding, setAdding] = useState(false);
  const [alertHost, setAlertHost] = useState<AlertHost>();
  const [told, setTold] = useState("");
  const hear = useCallback(
    (alert: SaidAlert & { readonly hostName: string }) =>
      setTold(words.alerts.fresh(alert.hostName, alertSentence(alert, language))),
    [words, language],
  );
  const live = useLive(hear);
  const status = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => call("GET /api/v1/status", {}, signal),
    refetchInterval: 30_000,
  });

  // A connection that died without a word is noticed by what is asked, not by what is heard.
  const isSilent = status.error instanceof CallError && status.error.code === "unreachable";
  const connection = isSilent ? "lost" : live;

  const open = status.data?.counts.alerts.open ?? 0;
  useEffect(() => {
    document.title = open === 0 ? words.title : `(${open}) ${words.title}`;
  }, [open, words]);

  return (
    <>
      <Header me={me} connection={connection} />
      <main className={connection === "lost" ? "page stale" : "page"}>
        <Verdict status={status.data} error={status.error} />
        {me.via === "session" && !me.hasPassword && <PasswordNote me={me} />}
        <HostList
          role={me.role}
          onAdd={() => setAdding(true)}
          onShowAlerts={(host) => {
            setAlertHost(host);
            document.getElementById("alerts")?.scrollIntoView({ block: "start" });
          }}
        />
        <AlertList canAct={me.role !== "viewer"} host={alertHost} onHost={setAlertHost} />
        <JobList />
      </main>
      <AddServer opened={adding} onClose={() => setAdding(false)} />
      <div className="hidden" aria-live="polite">
        {told}
      </div>
    </>
  );
}

export interface AlertHost {
  readonly id: string;
  readonly name: string;
}

function PasswordNote({ me }: { readonly me: Me }) {
  const words = useWords();
  const [opened, setOpened] = useState(false);
  return (
    <div className="note">
      <span>{words.password.why}</span>
      <Button size="compact-sm" variant="light" onClick={() => setOpened(true)}>
        {words.password.set}
      </Button>
      <SetPassword me={me} opened={opened} onClose={() => setOpened(false)} />
    </div>
  );
}
