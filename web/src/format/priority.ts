/** The five bands of the scale 0…10: the same words and shapes everywhere. */
export const BANDS = ["silent", "low", "normal", "high", "urgent"] as const;
export type Band = (typeof BANDS)[number];

/** The number of the band, 0…4. Priorities beyond the scale count as its ends. */
export function band(priority: number): 0 | 1 | 2 | 3 | 4 {
  if (priority <= 0) return 0;
  if (priority <= 3) return 1;
  if (priority <= 7) return 2;
  return priority <= 9 ? 3 : 4;
}
