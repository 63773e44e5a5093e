import type { State } from "~/api/services.ts";

const STATES = [
  "due",
  "leased",
  "retry",
  "held",
  "sent",
  "failed",
  "expired",
  "skipped",
  "cancelled",
] satisfies State[];

/** Why a delivery went as it did, in groups: nobody was reached, nobody let us in, the message was refused, ours. */
export const REASONS = [
  ["dns", "connect", "tls", "timeout", "server_error"],
  ["auth", "not_found", "gone", "redirect", "private", "unconfirmed", "options"],
  ["rejected", "too_large", "rate_limited", "quota"],
  ["quiet_hours", "expired", "breaker_open", "fault"],
];

/** What is looked for in the log, as it stands in the address. Empty: whatever it is. */
export interface Filter {
  /** The id of one, or a kind. */
  service: string;
  kind: string;
  /** Several, comma separated. */
  state: string;
  /** One of REASONS. */
  reason: string;
  application: string;
  /** The lowest level. */
  priority: string;
  /** "1h", "24h", "7d" or "30d"; "all": since ever. */
  since: string;
  text: string;
}

export const NAMES = ["service", "kind", "state", "reason", "application", "priority", "since", "text"] as const;
export const SPANS: Record<string, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 }; // hours
const HOUR = 3_600_000; // ms
const GRAIN = 60_000; // ms: the same question for a minute

/** Reads the query of an address; what makes no sense is left out. */
export function filterFrom(querystring: string | undefined): Filter {
  const given = new URLSearchParams(querystring ?? "");
  const filter = Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""])) as Record<keyof Filter, string>;
  const known = filter.state.split(",").filter((state) => (STATES as string[]).includes(state));
  const number = (text: string): string => (/^\d+$/.test(text) ? text : "");
  return {
    ...filter,
    service: number(filter.service),
    application: number(filter.application),
    priority: number(filter.priority),
    state: known.join(","),
    reason: REASONS.flat().includes(filter.reason) ? filter.reason : "",
    since: filter.since in SPANS ? filter.since : "",
  };
}

/** The address of the log, so filtered. */
export function addressOf(filter: Partial<Filter>): string {
  const query = new URLSearchParams();
  for (const name of NAMES) if (filter[name]) query.set(name, filter[name]);
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `/deliveries?${text}` : "/deliveries";
}

/** As the server wants it; `kinds` names those that people write as text. */
export function asked(
  filter: Filter,
  now: number,
  kinds: { kind: string; title: string }[] = [],
): Record<string, string> {
  const { service, state, reason, application, priority, since } = filter;
  const written = filter.text.trim().toLowerCase();
  const named = kinds.find(({ kind, title }) => [kind, title.toLowerCase()].includes(written));
  const from = SPANS[since];
  const all = {
    service,
    state,
    code: reason,
    application,
    kind: named?.kind ?? filter.kind,
    text: named ? "" : filter.text.trim(),
    min_level: priority,
    since: from ? new Date(Math.floor((now - from * HOUR) / GRAIN) * GRAIN).toISOString() : "",
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}
