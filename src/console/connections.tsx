import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { DoctorEntry, DoctorReport } from "../api/doctor-routes.ts";
import type { HostOverview } from "../api/host-routes.ts";
import { call } from "./api-call.ts";
import { CopyLine } from "./copy-line.tsx";
import { Failure } from "./failure.tsx";
import { CriticalIcon, GoodIcon, UnknownIcon, WarningIcon } from "./icons.tsx";
import { useSpeech, useWords } from "./language.tsx";
import { StateMark } from "./marks.tsx";

const MARKS = {
  open: ["good", GoodIcon],
  closed: ["critical", CriticalIcon],
  partly: ["warning", WarningIcon],
  unknown: ["quiet", UnknownIcon],
} as const;

/** The doctor: every connection between the manager and a server, tried on demand, with what mends it. */
export function Connections({ host }: { readonly host: HostOverview }) {
  const words = useWords();
  const examination = useMutation({
    mutationFn: () => call("POST /api/v1/hosts/:host/doctor", { params: { host: host.id }, body: {} }),
  });
  const { data: report, error, isPending } = examination;
  return (
    <section className="connections" aria-label={words.doctor.title}>
      <h3>
        {words.doctor.title}{" "}
        <Button size="compact-sm" variant="default" loading={isPending} onClick={() => examination.mutate()}>
          {words.doctor.examine}
        </Button>
      </h3>
      {error !== null && <Failure error={error} retry={() => examination.mutate()} />}
      {report !== undefined && <Report report={report} />}
    </section>
  );
}

function Report({ report }: { readonly report: DoctorReport }) {
  const words = useWords();
  return (
    <>
      <p className="quiet">{words.doctor.via(report.via, Math.max(1, Math.round(report.tookMs / 1_000)))}</p>
      {report.paste !== null && (
        <>
          <p>{words.doctor.paste}</p>
          <CopyLine line={report.paste} />
        </>
      )}
      <table className="plain doctor">
        <tbody>
          {report.entries.map((entry) => (
            <Entry key={`${entry.flow} ${entry.family} ${entry.direction} ${entry.to}`} entry={entry} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Entry({ entry }: { readonly entry: DoctorEntry }) {
  const { words, language } = useSpeech();
  const [tone, Icon] = MARKS[entry.state];
  const [first, ...more] = entry.evidence;
  return (
    <tr>
      <td>
        <StateMark tone={tone} icon={<Icon />} word={words.doctor.state[entry.state]} />
      </td>
      <td>
        {entry.flow}
        <span className="quiet small">
          {" "}
          {entry.ports === "" ? entry.transport : `${entry.ports}/${entry.transport}`} ·{" "}
          {entry.family === "ipv4" ? "IPv4" : "IPv6"}
        </span>
      </td>
      <td className="quiet">{words.doctor.direction[entry.direction]}</td>
      <td>
        {entry.state !== "open" && (
          <>
            <p>{first?.[language]}</p>
            {more.map((sentence) => (
              <p key={sentence.en} className="quiet small">
                {sentence[language]}
              </p>
            ))}
            {entry.nextTest !== null && <p>{words.doctor.next(entry.nextTest[language])}</p>}
            {entry.commands.map(({ where, command }) => (
              <div key={`${where} ${command.en}`}>
                <span className="quiet small">{words.doctor.where[where]}</span>
                <CopyLine line={command[language]} />
              </div>
            ))}
          </>
        )}
      </td>
    </tr>
  );
}
