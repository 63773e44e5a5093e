/// <reference lib="webworker" />
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";

declare const self: ServiceWorkerGlobalScope;
/** The files of the app, put in by the build. */
declare const FILES: { url: string; revision: string | null }[];

// The app itself comes from here, also without the server; everything else is asked for as if nothing were between.
cleanupOutdatedCaches();
precacheAndRoute(FILES);

self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("notificationclick", (event) => {
  const { place } = event.notification.data as { place: string };
  event.notification.close();
  event.waitUntil(open(new URL(place, self.registration.scope).href));
});

/** In a page that is there already, else in a new one. */
async function open(address: string): Promise<void> {
  const [page] = await self.clients.matchAll({ type: "window" });
  if (!page) {
    await self.clients.openWindow(address);
    return;
  }
  await page.focus();
  page.postMessage({ open: address });
}
