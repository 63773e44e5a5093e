import { answer, api, type Message } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";
import { copy } from "~/state/clipboard.ts";
import { attempt } from "~/state/failures.ts";
import { toasts } from "~/state/toasts.svelte.ts";

/** Whether the person may send to the message's application. */
export function mayResend(message: Message): boolean {
  const role = applications.get(message.application)?.role;
  return role === "owner" || role === "member";
}

/** The same again, as a new message. */
export async function resend(message: Message): Promise<void> {
  if (!mayResend(message)) return;
  const path = { id: message.id };
  const sent = await attempt(() => answer(api.POST("/api/1/inbox/{id}/resend", { params: { path } })));
  if (sent) toasts.say(t("inbox.resent"));
}

export async function copyLink(message: Message): Promise<void> {
  await take(new URL(`#/m/${message.public_id}`, document.baseURI).href);
}

export async function copyText(message: Message): Promise<void> {
  await take(`${message.title}\n\n${message.message}`);
}

async function take(text: string): Promise<void> {
  if (await copy(text)) toasts.say(t("inbox.copied"));
  else toasts.complain(t("inbox.copyFailed"));
}
