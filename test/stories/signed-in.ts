import { type ApiClient, createClient } from "../../src/api/client.ts";
import type { Role } from "../../src/api/route.ts";
import { createHttpsAgent, httpsStream } from "../../src/net/https-request.ts";
import { loadIdentity } from "../../src/net/identity.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Story } from "./agent-and-manager.ts";

/** The API as a person with an account of this role reaches it: over the console's port, with a session's cookie. */
export async function signIn(story: Story, { name, role }: { name: string; role: Role }): Promise<ApiClient> {
  const { token, url } = await story.api.signInLink({ body: { account: name, role } });
  const { origin, hostname, port } = new URL(url);
  const administrator = await loadIdentity(`${story.managerDirectory}/administrator`);
  if (administrator === undefined) throw new Error("the manager has an administrator's certificate");
  const agent = createHttpsAgent({
    flow: "console",
    host: hostname,
    port: Number(port),
    trust: { authority: administrator.authority },
    expect: { kind: "manager" },
    timeoutMs: 10_000,
    clock: systemClock,
  });
  let cookie = "";
  const api = createClient(async ({ method, path, headers, body, signal }) => {
    const response = await httpsStream(agent, {
      method,
      path,
      headers: { ...headers, origin, cookie },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const [set] = response.headers["set-cookie"] ?? [];
    if (set !== undefined) cookie = set.slice(0, set.indexOf(";"));
    return response;
  });
  await api.sessionByLink({ body: { token } });
  return api;
}
