import { SvelteMap } from "svelte/reactivity";
import type { Home } from "~/state/home.svelte.ts";

/** A token that has just been made: the only time that its secret is known. `id` null: an application's first. */
export interface Fresh {
  id: number | null;
  name: string;
  secret: string;
}

const kept = new WeakMap<Home, SvelteMap<number, Fresh>>();

/** By application, as long as the page is open and the same person is signed in. */
export function fresh(home: Home): SvelteMap<number, Fresh> {
  const found = kept.get(home) ?? new SvelteMap<number, Fresh>();
  kept.set(home, found);
  return found;
}
