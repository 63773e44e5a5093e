import { root } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

const OFTEN = 60 * 60_000; // ms between two looks whether the server has a newer app, in a page kept open

/** Lets the app start without the server, and tells when the server has a newer one. Not where there is no https. */
export async function install(): Promise<void> {
  if (import.meta.env.DEV || !navigator.serviceWorker) return;
  const { serviceWorker } = navigator;
  const registration = await serviceWorker.register(new URL("sw.js", root)).catch(() => null);
  if (!registration) return;
  setInterval(() => void registration.update().catch(() => null), OFTEN);
  const offer = (): void => {
    const waits = registration.waiting;
    if (!waits || !serviceWorker.controller) return; // the first one has nothing to replace
    toasts.say(t("frame.newer"), { label: t("frame.reload"), run: () => take(waits) }, { lasts: 0 });
  };
  offer();
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => installing.state === "installed" && offer());
  });
}

/** Tells when a part of the app is not to be had: the server is away, or has a newer app, whose files are others. */
export function tellOfMissing(): void {
  const run = (): void => location.reload();
  addEventListener("vite:preloadError", () => toasts.complain(t("frame.missing"), { label: t("frame.reload"), run }));
}

function take(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("take over");
}
