import { ACCOUNT_ROUTES } from "./account-routes.ts";
import { ALERT_ROUTES } from "./alert-routes.ts";
import { DOCTOR_ROUTES } from "./doctor-routes.ts";
import { EVENT_ROUTES } from "./event-routes.ts";
import { HOST_ROUTES } from "./host-routes.ts";
import { INDICATION_ROUTES } from "./indication-routes.ts";
import { JOB_ROUTES } from "./job-routes.ts";
import { MAINTENANCE_ROUTES } from "./maintenance-routes.ts";
import type { HeardOf, ReplyOf, RequestOf } from "./route.ts";
import { SESSION_ROUTES } from "./session-routes.ts";
import { SNAPSHOT_ROUTES } from "./snapshot-routes.ts";
import { STATUS_ROUTES } from "./status-routes.ts";

/** The whole contract of a manager. */
export const ROUTES = {
  ...STATUS_ROUTES,
  ...HOST_ROUTES,
  ...ALERT_ROUTES,
  ...JOB_ROUTES,
  ...MAINTENANCE_ROUTES,
  ...SNAPSHOT_ROUTES,
  ...DOCTOR_ROUTES,
  ...EVENT_ROUTES,
  ...SESSION_ROUTES,
  ...ACCOUNT_ROUTES,
  ...INDICATION_ROUTES,
};
export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;

/** Types of one route by its name: `ApiRequest<"alertList">`. */
export type ApiRequest<N extends RouteName> = RequestOf<Routes[N]>;
export type ApiHeard<N extends RouteName> = HeardOf<Routes[N]>;
export type ApiReply<N extends RouteName> = ReplyOf<Routes[N]>;
