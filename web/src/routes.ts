import type { RouteDefinition } from "svelte-spa-router";
import wrap from "svelte-spa-router/wrap";
import Failed from "./frame/Failed.svelte";
import { speakOfAll } from "./i18n/index.svelte.ts";

type Page = NonNullable<Parameters<typeof wrap>[0]["asyncComponent"]>;
const first = (load: Page) => wrap({ asyncComponent: () => load().catch(() => ({ default: Failed })) });
const page = (load: Page) => first(() => Promise.all([load(), speakOfAll()]).then(([loaded]) => loaded));

/** Every page and its address behind the "#". The inbox, an application's messages and one message are one page. */
export const routes: RouteDefinition = new Map([
  [
    /^\/(?:a\/(?<application>\d+))?\/?(?:m\/(?<message>[0-9A-Za-z]+))?$/,
    first(() => import("./pages/inbox/Inbox.svelte")),
  ],
  [/^\/search\/?(?:m\/(?<message>[0-9A-Za-z]+))?$/, page(() => import("./pages/search/Search.svelte"))],
  ["/send", page(() => import("./pages/send/Send.svelte"))],
  ["/applications/:id?/:act?", page(() => import("./pages/applications/Applications.svelte"))],
  ["/services/new/:kind", page(() => import("./pages/services/Edit.svelte"))],
  ["/services/:id", page(() => import("./pages/services/Edit.svelte"))],
  ["/services", page(() => import("./pages/services/Services.svelte"))],
  ["/deliveries", page(() => import("./pages/deliveries/Deliveries.svelte"))],
  ["/devices", page(() => import("./pages/devices/Devices.svelte"))],
  ["/statistics", page(() => import("./pages/statistics/Statistics.svelte"))],
  ["/settings/:section?/:id?", page(() => import("./pages/settings/Settings.svelte"))],
  ["/more", page(() => import("./pages/more/More.svelte"))],
  ["/welcome", page(() => import("./pages/welcome/Welcome.svelte"))],
  ["*", page(() => import("./pages/NotFound.svelte"))],
] as [string | RegExp, ReturnType<typeof page>][]);
