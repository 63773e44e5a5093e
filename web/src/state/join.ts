import { answer, api, root, type User } from "~/api/client.ts";

const PLACE = /^#\/join\/([^/]+)$/;
const LOCAL = /^(localhost|127\.|\[::1\])/;

/** The address that signs a browser in as the device of that token. Other machines find `base`, if it is known. */
export function joinLink(token: string, base = ""): string {
  return `${outside(base)}#/join/${encodeURIComponent(token)}`;
}

/** Where other machines find this server: as it is configured, else as it is called here. */
export function outside(base = ""): string {
  return base ? base.replace(/\/*$/, "/") : root.href;
}

/** Whether other machines do not find it so. */
export function onlyHere(base = ""): boolean {
  return LOCAL.test(new URL(outside(base)).host);
}

/** The token that stands in the page's own address, which from then on does not hold it any more. */
export function takeToken(): string | null {
  const found = PLACE.exec(location.hash)?.[1];
  if (!found) return null;
  location.replace("#/");
  try {
    return decodeURIComponent(found);
  } catch {
    return found; // which is no token of anybody
  }
}

/** Whose device that is. Raises Refused (401: it has ended) and Unreachable. */
export async function whose(token: string): Promise<User> {
  return await answer(api.GET("/api/1/user", { headers: bearer(token) }));
}

/** Keeps the token as this browser's. Raises Refused and Unreachable. */
export async function join(token: string): Promise<User> {
  return await answer(api.PUT("/api/1/session", { headers: bearer(token) }));
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
