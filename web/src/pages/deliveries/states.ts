import type { Delivery, State, Try } from "~/api/services.ts";
import { until } from "~/format/times.svelte.ts";
import { t } from "~/i18n/index.svelte.ts";
import { codeSays } from "~/pages/services/truth.ts";
import { services } from "~/state/services.svelte.ts";

export type Tone = "ok" | "warn" | "bad" | "hold" | "mute";

const LOOKS: Record<State, [Tone, string]> = {
  due: ["mute", "clock"],
  leased: ["mute", "send"],
  retry: ["warn", "retry"],
  held: ["hold", "pause"],
  sent: ["ok", "check"],
  failed: ["bad", "x"],
  expired: ["bad", "clock"],
  skipped: ["mute", "x"],
  cancelled: ["mute", "x"],
};

export const look = (state: State): { tone: Tone; icon: string } => ({ tone: LOOKS[state][0], icon: LOOKS[state][1] });

/** Whether the person can have it go out again. */
export const mayResend = ({ state, message, service }: Delivery): boolean =>
  ["sent", "failed", "expired", "skipped", "cancelled"].includes(state) &&
  message.public_id !== null &&
  services.manages(service.id);
/** Whether it still waits; and whether the person can give it up. */
export const waits = ({ state }: Delivery): boolean => ["due", "retry", "held"].includes(state);
export const mayCancel = (delivery: Delivery): boolean => waits(delivery) && services.manages(delivery.service.id);

/** "Retry at 12:06" */
export function stateSays({ state, due }: Delivery): string {
  const time = due ? until(new Date(due)) : "";
  if (state === "retry" && time) return t("deliveries.retryAt", { time });
  if (state === "held" && time) return t("deliveries.heldUntil", { time });
  return t(`deliveries.${state}`);
}

/** Why it is as it is, in the remote's words if there are any. */
export function why({ state, text, code, acknowledged, acknowledged_by, duplicate }: Delivery): string {
  if (acknowledged)
    return t("deliveries.acknowledged", { by: acknowledged_by || "–", time: until(new Date(acknowledged)) });
  if (state === "sent") return duplicate ? t("deliveries.duplicate") : "";
  return text || (code === "ok" ? "" : codeSays(code));
}

/** How a try ended. */
export function tryLook({ outcome }: Try): { tone: Tone; says: string } {
  const name = outcome.toLowerCase();
  if (name === "sent") return { tone: "ok", says: t("deliveries.tookIt") };
  if (name === "retry") return { tone: "warn", says: t("deliveries.temporary") };
  if (name === "throttled") return { tone: "warn", says: t("deliveries.throttled") };
  return { tone: "bad", says: t("deliveries.refused") };
}
