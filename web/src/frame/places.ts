import { router } from "svelte-spa-router";
import type { Key } from "~/i18n/index.svelte.ts";

export interface Place {
  name: Key;
  icon: string;
  /** Behind the "#". */
  path: string;
  /** The key that leads there. */
  key?: string;
}

export const MAIN: Place[] = [
  { name: "frame.inbox", icon: "inbox", path: "/", key: "g i" },
  { name: "frame.search", icon: "search", path: "/search", key: "/" },
  { name: "frame.pinned", icon: "pin", path: "/search?q=is:pinned" },
];
export const MANAGE: Place[] = [
  { name: "frame.send", icon: "send", path: "/send", key: "c" },
  { name: "frame.services", icon: "out", path: "/services", key: "g v" },
  { name: "frame.deliveries", icon: "log", path: "/deliveries", key: "g d" },
  { name: "frame.devices", icon: "device", path: "/devices" },
  { name: "frame.statistics", icon: "stats", path: "/statistics", key: "g t" },
  { name: "frame.settings", icon: "gear", path: "/settings" },
];
/** The bar of a phone. */
export const BAR: Place[] = [
  { name: "frame.inbox", icon: "inbox", path: "/" },
  { name: "frame.search", icon: "search", path: "/search" },
  { name: "frame.send", icon: "send", path: "/send" },
  { name: "frame.apps", icon: "apps", path: "/applications" },
  { name: "frame.more", icon: "more", path: "/more" },
];

const PINNED = "is:pinned";

/** Whether a place is that of the page shown, or holds it. On the phone, "More" holds what the bar has no room for. */
export function here(path: string, bar = false): "page" | undefined {
  const now = router.location;
  const query = new URLSearchParams(router.querystring ?? "").get("q");
  const below = (place: string): boolean => now === place || now.startsWith(`${place}/`);
  const found = (): boolean => {
    if (path === "/") return now === "/" || now.startsWith("/m/") || (bar && now.startsWith("/a/"));
    if (path === "/more")
      return ["/more", "/services", "/deliveries", "/devices", "/statistics", "/settings"].some(below);
    if (path.includes("?")) return below("/search") && query === PINNED;
    if (path === "/search") return below("/search") && (bar || query !== PINNED);
    return below(path);
  };
  return found() ? "page" : undefined;
}
