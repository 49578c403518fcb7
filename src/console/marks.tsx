import type { ReactNode } from "react";
import type { HostOverview } from "../api/host-routes.ts";
import type { ApiReply } from "../api/routes.ts";
import {
  CheckIcon,
  CriticalIcon,
  GoodIcon,
  InformationIcon,
  RunningIcon,
  UnknownIcon,
  UnreachableIcon,
  WarningIcon,
} from "./icons.tsx";
import { useWords } from "./language.tsx";
import type { Severity } from "./words.ts";

// States as icon and word: colour only repeats what they say.

export type Tone = "good" | "warning" | "critical" | "quiet" | "busy";

export function StateMark({
  tone,
  icon,
  word,
}: {
  readonly tone: Tone;
  readonly icon: ReactNode;
  readonly word: string;
}) {
  return (
    <span className={`state tone-${tone}`}>
      {icon}
      <span>{word}</span>
    </span>
  );
}

const SEVERITY_MARKS: Readonly<Record<Severity, readonly [Tone, () => ReactNode]>> = {
  information: ["quiet", InformationIcon],
  warning: ["warning", WarningIcon],
  minor: ["warning", WarningIcon],
  major: ["critical", WarningIcon],
  critical: ["critical", CriticalIcon],
  fatal: ["critical", CriticalIcon],
};

export function SeverityMark({ severity }: { readonly severity: Severity }) {
  const [tone, Icon] = SEVERITY_MARKS[severity];
  return <StateMark tone={tone} icon={<Icon />} word={useWords().severity[severity]} />;
}

export function AlertStateMark({ state }: { readonly state: ApiReply<"alertShow">["state"] }) {
  const word = useWords().alertState[state];
  if (state === "open") return <span className="state tone-plain">{word}</span>;
  return <StateMark tone="quiet" icon={<CheckIcon />} word={word} />;
}

/** A host that does not answer says so; one that does shows the worst of its readings. */
export function HostMark({ host }: { readonly host: Pick<HostOverview, "state" | "readingState"> }) {
  const words = useWords();
  if (host.state === "unreachable") {
    return <StateMark tone="critical" icon={<UnreachableIcon />} word={words.hostState.unreachable} />;
  }
  if (host.state !== "up") return <StateMark tone="quiet" icon={<UnknownIcon />} word={words.hostState[host.state]} />;
  if (host.readingState === "critical") {
    return <StateMark tone="critical" icon={<CriticalIcon />} word={words.readingState.critical} />;
  }
  if (host.readingState === "warning") {
    return <StateMark tone="warning" icon={<WarningIcon />} word={words.readingState.warning} />;
  }
  return <StateMark tone="good" icon={<GoodIcon />} word={words.hostState.up} />;
}

const JOB_MARKS: Readonly<Record<ApiReply<"jobShow">["state"], readonly [Tone, () => ReactNode]>> = {
  queued: ["quiet", RunningIcon],
  running: ["busy", RunningIcon],
  done: ["good", GoodIcon],
  partly: ["warning", WarningIcon],
  failed: ["critical", CriticalIcon],
  canceled: ["quiet", UnknownIcon],
};

export function JobMark({ state }: { readonly state: ApiReply<"jobShow">["state"] }) {
  const [tone, Icon] = JOB_MARKS[state];
  return <StateMark tone={tone} icon={<Icon />} word={useWords().jobState[state]} />;
}
