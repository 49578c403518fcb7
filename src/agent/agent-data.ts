import { join } from "node:path";

/** Where an agent keeps things, below one data folder. */
export function agentFiles(dataDirectory: string) {
  const agent = join(dataDirectory, "agent");
  return {
    agent,
    /** Key and certificate, and what is known of the manager. */
    identity: join(agent, "identity"),
    spool: join(agent, "spool.db"),
    watch: join(agent, "watch.json"),
    settings: join(dataDirectory, "agent.toml"),
  };
}
