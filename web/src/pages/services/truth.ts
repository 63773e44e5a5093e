import type { Service } from "~/api/services.ts";
import { daysAgo, short, until } from "~/format/times.svelte.ts";
import { t, type Key } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";
import { isPaused } from "~/state/services.svelte.ts";

export interface Truth {
  /** What stands first, emphasised; may be empty. */
  lead: string;
  tone: "bad" | "warn" | "hold" | "";
  rest: string;
}

const time = (at: string): string => (daysAgo(new Date(at)) ? short(new Date(at)) : until(new Date(at)));
const sentence = (...parts: string[]): string => parts.filter(Boolean).join(" ");

/** What one has to know about a service, in one or two sentences. */
export function truth(service: Service): Truth {
  const { health, counters, enabled, readable } = service;
  if (!readable) return { lead: t("services.unreadable"), tone: "bad", rest: t("services.unreadableHelp") };
  if (!enabled) return { lead: "", tone: "", rest: t("services.offSays") };
  if (isPaused(service)) {
    const since = health.since ? time(health.since) : "";
    const next = health.paused_until ? t("services.nextTry", { time: until(new Date(health.paused_until)) }) : "";
    const tries = health.failures > 1 ? t("services.inARow", { n: health.failures }) : "";
    const why = health.text || codeSays(health.code);
    return {
      lead: t(health.paused_until ? "services.pausedSince" : "services.stoppedSince", { time: since }),
      tone: "bad",
      rest: sentence(ended([tries, why].filter(Boolean).join(" ")), next),
    };
  }
  if (health.cause === "throttled" && health.paused_until)
    return {
      lead: t("services.throttled"),
      tone: "warn",
      rest: sentence(ended(health.text), t("services.nextTry", { time: until(new Date(health.paused_until)) })),
    };
  const open = service.recipients.filter(({ confirmed }) => !confirmed).length;
  if (open) return { lead: t("services.unconfirmed", { n: open }), tone: "warn", rest: t("services.unconfirmedHelp") };
  if (counters.held) return { lead: t("services.holding", { n: counters.held }), tone: "hold", rest: takes(service) };
  if (counters.waiting && counters.last_failed && counters.last_failed > (counters.last_sent ?? ""))
    return {
      lead: t("services.retrying", { n: counters.waiting }),
      tone: "warn",
      rest: ended(counters.last_text || codeSays(counters.last_code)),
    };
  const last = counters.last_sent ? t("services.lastSuccess", { time: time(counters.last_sent) }) : "";
  return { lead: "", tone: "", rest: sentence(takes(service), last || t("services.nothingYet")) };
}

/** "Everything from 4 up.", "Backups and Proxmox." */
function takes({ rules }: Service): string {
  const names = (rules.applications ?? []).flatMap((id) => applications.get(id)?.name ?? []);
  const level = rules.min_level;
  if (!rules.applications) return t(level ? "services.takesFrom" : "services.takesAll", { level });
  const list = names.length > 2 ? t("services.applications", { n: names.length }) : names.join(", ");
  return t(level ? "services.takesOfFrom" : "services.takesOf", { list, level });
}

/** A sentence ends with a full stop, also in the remote's words. */
function ended(text: string): string {
  return !text || /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What a code means, for people; empty for one that we do not know. */
export function codeSays(code: string): string {
  const key = `codes.${code}` as Key;
  const text = t(key);
  return text === key ? "" : text;
}

/** What to do about it; empty where there is nothing to be said. */
export function codeAdvice(code: string): string {
  const key = `codes.do_${code}` as Key;
  const text = t(key);
  return text === key ? "" : text;
}
