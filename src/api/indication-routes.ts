import { z } from "zod";
import { HostRef } from "./fields.ts";
import { HostOverview } from "./host-routes.ts";
import { defineRoutes } from "./route.ts";

export const INDICATION_ROUTES = defineRoutes({
  hostIndications: {
    method: "PUT",
    path: "/api/v1/hosts/:host/indications",
    role: "administrator",
    description:
      "Subscribes to the indications of a server without our agent, or takes the subscription away. Wants the setting indications.subscribe.",
    params: z.object({ host: HostRef }),
    body: z.object({ subscribed: z.boolean() }),
    status: 200,
    reply: z.object({ hostId: z.string(), subscription: HostOverview.shape.subscription }),
  },
});
