import { band } from "~/format/priority.ts";

/** How a message makes itself heard: as a notification of the desktop, by a sound, and whether it stays there. */
export interface Loudness {
  shown: boolean;
  sound: boolean;
  stays: boolean;
}

interface Wishes {
  muted_until: string | null;
  min_level: number;
}

const SILENT: Loudness = { shown: false, sound: false, stays: false };

/** By its band, unless the person wants to hear less of that application. `now` as Date.now(). */
export function loudness(priority: number, wishes: Wishes | undefined, now: number): Loudness {
  const muted = wishes?.muted_until != null && new Date(wishes.muted_until).getTime() > now;
  const number = band(priority);
  if (muted || number === 0 || priority < (wishes?.min_level ?? 0)) return SILENT;
  return { shown: true, sound: number >= 2, stays: number >= 3 };
}
