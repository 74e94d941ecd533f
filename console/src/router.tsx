import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { IncidentPage } from "./incident/incident-page";
import {
  incidentView,
  parseSearch,
  queueFilters,
  rulesView,
  searchView,
  stringifySearch,
  triageView,
} from "./lib/url-state";
import { QueuePage } from "./queue/queue-page";
import { AppShell } from "./shell/app-shell";
import { Crash } from "./shell/crash";
import { NotFound } from "./shell/not-found";

const rootRoute = createRootRoute({ component: AppShell, notFoundComponent: NotFound });

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/incidents", replace: true });
  },
});

const queueRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/incidents",
  validateSearch: queueFilters,
  component: QueuePage,
});

const incidentRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/incidents/$id",
  validateSearch: incidentView,
  component: IncidentPage,
});

const searchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/search",
  validateSearch: searchView,
  component: lazyRouteComponent(() => import("./search/search-page"), "SearchPage"),
});

const triageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/triage",
  validateSearch: triageView,
  component: lazyRouteComponent(() => import("./triage/triage-page"), "TriagePage"),
});

const rulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/rules",
  validateSearch: rulesView,
  component: lazyRouteComponent(() => import("./rules/rules-page"), "RulesPage"),
});

const healthRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/health",
  component: lazyRouteComponent(() => import("./health/health-page"), "HealthPage"),
});

const routeTree = rootRoute.addChildren([
  homeRoute,
  queueRoute,
  incidentRoute,
  triageRoute,
  searchRoute,
  rulesRoute,
  healthRoute,
]);

export const createAppRouter = () =>
  createRouter({
    routeTree,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultErrorComponent: Crash,
    defaultNotFoundComponent: NotFound,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
