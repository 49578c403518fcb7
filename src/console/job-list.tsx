import { useQuery } from "@tanstack/react-query";
import type { ApiReply } from "../api/routes.ts";
import { formatBytes } from "../model/quantity.ts";
import { Age } from "./age.tsx";
import { call } from "./api-call.ts";
import { Failure } from "./failure.tsx";
import { formatCount } from "./format.ts";
import { useSpeech, useWords } from "./language.tsx";
import { JobMark } from "./marks.tsx";

type Job = ApiReply<"jobShow">;
const UNENDED_SHOWN = 50;
const RECENT_SHOWN = 5;

/** What runs now, then what has ended last. */
export function JobList() {
  const words = useWords();
  const unended = useQuery({
    queryKey: ["jobs", "unended"],
    queryFn: ({ signal }) =>
      call("GET /api/v1/jobs", { query: { state: ["queued", "running"], limit: UNENDED_SHOWN } }, signal),
  });
  const recent = useQuery({
    queryKey: ["jobs", "recent"],
    queryFn: ({ signal }) =>
      call(
        "GET /api/v1/jobs",
        { query: { state: ["done", "partly", "failed", "canceled"], limit: RECENT_SHOWN } },
        signal,
      ),
  });
  const error = unended.error ?? recent.error;
  const running = unended.data?.items ?? [];
  return (
    <section className="panel" aria-labelledby="jobs-title">
      <div className="panel-head">
        <h2 id="jobs-title">{words.jobs.title}</h2>
      </div>
      {error !== null && <Failure error={error} />}
      {running.length === 0 && error === null && <p className="quiet padded">{words.jobs.empty}</p>}
      <ul className="jobs">
        {running.map((job) => (
          <RunningJob key={job.id} job={job} />
        ))}
        {recent.data?.items
          .filter((job) => !running.some((other) => other.id === job.id))
          .map((job) => (
            <EndedJob key={job.id} job={job} />
          ))}
      </ul>
    </section>
  );
}

function RunningJob({ job }: { readonly job: Job }) {
  const words = useWords();
  return (
    <li className="job">
      <JobHead job={job} atMs={job.startedAtMs ?? job.createdAtMs} />
      {job.state === "running" && (
        <div className="busy-track" role="progressbar" aria-label={`${words.jobKind[job.kind]} ${job.hostName}`}>
          <div className="busy-bar" />
        </div>
      )}
      <JobNumbers job={job} />
      {job.progress.current !== "" && <div className="job-current">{job.progress.current}</div>}
    </li>
  );
}

function EndedJob({ job }: { readonly job: Job }) {
  return (
    <li className="job job-ended">
      <JobHead job={job} atMs={job.endedAtMs ?? job.createdAtMs} />
      {job.reason === null ? <JobNumbers job={job} /> : <div className="tone-critical small">{job.reason}</div>}
    </li>
  );
}

function JobHead({ job, atMs }: { readonly job: Job; readonly atMs: number }) {
  const words = useWords();
  return (
    <div className="job-head">
      <JobMark state={job.state} />
      <strong>
        {words.jobKind[job.kind]} · {job.hostName}
      </strong>
      <span className="quiet job-paths">{job.paths.join(", ")}</span>
      <span className="spacer" />
      <span className="quiet small">
        <Age atMs={atMs} />
      </span>
    </div>
  );
}

function JobNumbers({ job }: { readonly job: Job }) {
  const { words, language } = useSpeech();
  const { files, bytes, bytesSent, problems } = job.progress;
  return (
    <div className="job-numbers">
      <span>{words.jobs.files(formatCount(files, language))}</span>
      <span>{words.jobs.read(formatBytes(bytes))}</span>
      <span>{words.jobs.sent(formatBytes(bytesSent))}</span>
      {problems > 0 && <span className="tone-warning">{words.jobs.problems(problems)}</span>}
    </div>
  );
}
