import { band } from "~/format/priority.ts";

/** A message of the roll, as GET /api/1/roll tells it. */
export interface Note {
  id: number;
  publicId: string;
  application: number;
  priority: number;
  created: number; // milliseconds
  read: boolean;
  title: string;
}

export const HOURS = 24;
const MINUTE = 60_000;
const FADE = 10 * MINUTE;
const WHOLE = Math.log(1 + (HOURS * 60 * MINUTE) / FADE); // ln(145)
export const TICKS = [12 * 60, 6 * 60, 3 * 60, 60, 30, 15, 5] as const; // minutes
export const LINES = [78, 62, 46, 30, 14] as const; // y of the bands, from Silent to Urgent
const CROWD = 400; // notes of a band, above which bars are drawn
const ALWAYS_NOTES = 3; // from this band on
const TALLEST = 13; // px of a bar

/** Where a time stands: 0 a day ago, 1 now. Time fades like a bell: the last hour takes about 40 % of it. */
export function place(age: number): number {
  return 1 - Math.log(1 + Math.max(0, age) / FADE) / WHOLE;
}

/** The age at a place: the inverse of `place`. */
export function ageAt(x: number): number {
  return FADE * (Math.exp((1 - Math.min(1, Math.max(0, x))) * WHOLE) - 1);
}

export interface Mark {
  note: Note;
  x: number; // px
  y: number;
}

/** What is drawn of a band: a path of each for what is unread and what is read. */
export interface Drawing {
  band: number;
  fresh: string;
  read: string;
}

/** The notes of the last day that have a place, newest first, on a roll of that width. */
export function marks(notes: Iterable<Note>, now: number, width: number): Mark[] {
  const found: Mark[] = [];
  for (const note of notes) {
    const x = place(now - note.created);
    if (x >= 0) found.push({ note, x: Math.round(x * width * 10) / 10, y: LINES[band(note.priority)] });
  }
  return found;
}

/** One path for all notes of a band: thousands of them cost no more than a few elements. */
export function drawings(marks: readonly Mark[], width: number): Drawing[] {
  const bands: Mark[][] = [[], [], [], [], []];
  for (const mark of marks) bands[band(mark.note.priority)]?.push(mark);
  return bands.map((all, number) => {
    const draw = all.length > CROWD && number < ALWAYS_NOTES ? bars : shapes;
    const read = all.filter(({ note }) => note.read);
    const fresh = all.filter(({ note }) => !note.read);
    return { band: number, fresh: draw(fresh, number, width), read: draw(read, number, width) };
  });
}

/** The signs in the octagons of what is urgent. */
export function bangs(marks: readonly Mark[]): string {
  const urgent = marks.filter(({ note }) => band(note.priority) === 4);
  return urgent.map(({ x, y }) => `M${x} ${y - 3.2}v3.6M${x} ${y + 2.7}v.3`).join("");
}

/** The mark nearest to a point, if one is near. */
export function nearest(marks: readonly Mark[], x: number, y: number, reach = 9): Mark | null {
  let found: Mark | null = null;
  let least = reach;
  for (const mark of marks) {
    const far = Math.hypot(mark.x - x, mark.y - y);
    if (far < least) [found, least] = [mark, far];
  }
  return found;
}

const SHAPES: ((x: number, y: number) => string)[] = [
  (x, y) => `M${x - 2.8} ${y}a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0z`,
  (x, y) => `M${x - 2.9} ${y}a2.9 2.9 0 1 0 5.8 0a2.9 2.9 0 1 0-5.8 0z`,
  (x, y) => `M${x - 2} ${y - 3}h4a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-4a1 1 0 0 1-1-1v-4a1 1 0 0 1 1-1z`,
  (x, y) => `M${x} ${y - 5}l5.4 9.4h-10.8z`,
  (x, y) => `M${x - 2.5} ${y - 6}h5l3.5 3.5v5l-3.5 3.5h-5l-3.5-3.5v-5z`,
];

function shapes(marks: readonly Mark[], number: number): string {
  const shape = SHAPES[number] as (x: number, y: number) => string;
  return marks.map(({ x, y }) => shape(x, y)).join("");
}

/** A bar per 1 % of the width, as high as the root of how many there are. */
function bars(marks: readonly Mark[], number: number, width: number): string {
  const counts = new Map<number, number>();
  for (const { x } of marks) {
    const slot = Math.min(99, Math.floor((x / width) * 100));
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  const most = Math.max(1, ...counts.values());
  const step = width / 100;
  return [...counts]
    .map(([slot, count]) => {
      const height = Math.max(1.5, TALLEST * Math.sqrt(count / most));
      return `M${(slot * step).toFixed(1)} ${LINES[number]}v${-height.toFixed(1)}h${(step * 0.72).toFixed(1)}v${height.toFixed(1)}z`;
    })
    .join("");
}
