/** Of the list of messages: what stands in which row. A number is the message of that id. */
export type Row = number | Head;

export interface Rows {
  rows: Row[];
  /** By the newest message of each group: what stands behind it. */
  groups: Map<number, More>;
}

/** The first of a day. `count` is null as long as there may be more of that day on the next page. */
export interface Head {
  kind: "day";
  key: string;
  start: number; // milliseconds, midnight here
  count: number | null;
}

/** The older messages of an application on the same day, below the newest. */
export interface More {
  key: string;
  application: number;
  ids: number[];
  open: boolean;
}

export interface Options {
  created: (id: number) => string; // RFC 3339 in UTC
  application: (id: number) => number;
  /** Whether the list is known to its end. */
  ended: boolean;
  /** Whether the messages of an application on a day stand together. */
  grouped: boolean;
  /** Which groups are open, by key. */
  open: ReadonlySet<string>;
}

/** The rows for messages that are given newest first. */
export function rows(ids: readonly number[], options: Options): Rows {
  const found: Rows = { rows: [], groups: new Map() };
  const seen = new Set<string>();
  let at = 0;
  while (at < ids.length) {
    const day = dayOf(options.created(ids[at] as number));
    let end = at + 1;
    while (end < ids.length && within(day, options.created(ids[end] as number))) end += 1;
    const known = end < ids.length || options.ended;
    const head: Head = { kind: "day", key: fresh(dayKey(day.start), seen), start: day.start, count: null };
    if (known) head.count = end - at;
    found.rows.push(head);
    const part = ids.slice(at, end);
    if (options.grouped) group(part, head.key, options, found);
    else for (const id of part) found.rows.push(id);
    at = end;
  }
  return found;
}

/** The key of a row, by which it is known though others come above it. */
export function keyOf(row: Row): number | string {
  return typeof row === "number" ? row : row.key;
}

/** Where the heads are, in order. */
export function between(rows: readonly Row[]): number[] {
  const found: number[] = [];
  for (let index = 0; index < rows.length; index += 1) if (typeof rows[index] !== "number") found.push(index);
  return found;
}

/** How many of an ascending list are smaller. */
export function below(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Groups stand where their newest message does, so that older pages only make them longer or come below. */
function group(ids: readonly number[], day: string, options: Options, into: Rows): void {
  const groups = new Map<number, number[]>();
  for (const id of ids) {
    const application = options.application(id);
    const group = groups.get(application);
    if (group) group.push(id);
    else groups.set(application, [id]);
  }
  for (const [application, [newest, ...older]] of groups) {
    into.rows.push(newest as number);
    if (!older.length) continue;
    const key = `${day}/${application}`;
    const open = options.open.has(key);
    into.groups.set(newest as number, { key, application, ids: older, open });
    if (open) for (const id of older) into.rows.push(id);
  }
}

interface Day {
  start: number;
  from: string;
  to: string;
}

function dayOf(created: string): Day {
  const midnight = new Date(created);
  midnight.setHours(0, 0, 0, 0);
  const next = new Date(midnight);
  next.setDate(next.getDate() + 1);
  return { start: midnight.getTime(), from: micro(midnight), to: micro(next) };
}

/** As the server writes times: texts of one length, of which the later one is the larger. */
function micro(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}

function within(day: Day, created: string): boolean {
  return created >= day.from && created < day.to;
}

function dayKey(start: number): string {
  const day = new Date(start);
  return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;
}

/** Clocks go wrong, and then a day comes twice. */
function fresh(key: string, seen: Set<string>): string {
  let name = key;
  for (let n = 2; seen.has(name); n += 1) name = `${key}+${n}`;
  seen.add(name);
  return name;
}
