import { answer, api, root, type User } from "~/api/client.ts";
import type { components } from "~/api/schema.d.ts";

const PLACE = /^#\/join\/([^/]+)$/;
const LOCAL = /^(localhost|127\.|\[::1\])/;

/** Whose device a code makes of this browser, and what it will be called. */
export type Offer = components["schemas"]["Offer"];

/** The address that makes a browser the device of that code. Other machines find `base`, if it is known. */
export function joinLink(code: string, base = ""): string {
  return `${outside(base)}#/join/${code}`;
}

/** Where other machines find this server: as it is configured, else as it is called here. */
export function outside(base = ""): string {
  return base ? base.replace(/\/*$/, "/") : root.href;
}

/** Whether other machines do not find it so. */
export function onlyHere(base = ""): boolean {
  return LOCAL.test(new URL(outside(base)).host);
}

/** The code that stands in the page's own address, which from then on does not hold it any more. */
export function takeCode(): string | null {
  const found = PLACE.exec(location.hash)?.[1];
  if (!found) return null;
  location.replace("#/");
  return found;
}

/** Uses nothing up. Raises Refused (404: it is not good) and Unreachable. */
export async function look(code: string): Promise<Offer> {
  return await answer(api.POST("/api/1/pairings/look", { body: { code } }));
}

/** Signs this browser in, for which the code is good once. Raises Refused (404: it is not good) and Unreachable. */
export async function join(code: string): Promise<User> {
  return await answer(api.POST("/api/1/pairings/session", { body: { code } }));
}
