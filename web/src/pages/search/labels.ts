import { moment as dateTime, date } from "~/format/times.svelte.ts";
import { t, type Key } from "~/i18n/index.svelte.ts";
import { moment, type Name, type Piece } from "./query.ts";

/** A filter in the words of the reader: "priority" and "high and up". */
export interface Label {
  name: string;
  value: string;
}

const OF: Record<Name, Key> = {
  app: "search.ofApp",
  priority: "search.ofPriority",
  since: "search.ofSince",
  before: "search.ofBefore",
  on: "search.ofOn",
  has: "search.ofHas",
  is: "search.ofIs",
};
const STATES: Record<string, Key> = {
  unread: "search.isUnread",
  read: "search.isRead",
  pinned: "search.isPinned",
  link: "search.link",
  image: "search.image",
};
const SPANS: Record<string, Key> = { m: "search.minutes", h: "search.hours", d: "search.days", w: "search.weeks" };
const SIGNS: Record<string, Key> = {
  ">=": "search.andUp",
  ">": "search.over",
  "<=": "search.upTo",
  "<": "search.under",
};
const BANDS: Record<string, Key> = {
  silent: "words.silent",
  low: "words.low",
  normal: "words.normal",
  high: "words.high",
  urgent: "words.urgent",
};

export function labelOf(piece: Piece): Label {
  const name = t(OF[piece.name as Name]);
  const value = valueOf(piece);
  return { name: [piece.negated ? t("search.not") : "", name].filter(Boolean).join(" "), value };
}

/** "priority high and up" */
export function spoken(piece: Piece): string {
  const { name, value } = labelOf(piece);
  return [name, value].filter(Boolean).join(" ");
}

function valueOf({ name, text }: Piece): string {
  if (name === "app") return text;
  const value = text.toLowerCase();
  if (name === "priority") return priorityOf(value);
  const state = STATES[value];
  if (state) return t(state);
  const span = /^(\d+)([mhdw])$/.exec(value);
  if (span) {
    const length = t(SPANS[span[2] as string] as Key, { n: Number(span[1]) });
    return name === "before" ? t("search.ago", { span: length }) : length;
  }
  const time = moment(text);
  if (!time) return text;
  return time.getHours() || time.getMinutes() ? dateTime(time) : date(time);
}

function priorityOf(value: string): string {
  const band = BANDS[value.replace(/\+$/, "")];
  if (band) {
    const word = t(band).toLocaleLowerCase();
    return value.endsWith("+") && !value.startsWith("urgent") ? t("search.andUp", { what: word }) : word;
  }
  const [, sign = "", number = value] = /^(>=|<=|>|<|)(\d+)$/.exec(value) ?? [];
  return sign ? t(SIGNS[sign] as Key, { what: number }) : number;
}
