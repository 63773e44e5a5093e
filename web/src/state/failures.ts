import { Refused, Unreachable } from "~/api/client.ts";
import { said, t } from "~/i18n/index.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

/** What went wrong, in words for a person: our own for a reason that we know, else the server's, by their kind. */
export function reason(error: unknown): string {
  if (error instanceof Unreachable) return t("words.unreachable");
  if (!(error instanceof Refused)) throw error;
  const { reason, values, code, message } = error.problem;
  return said(`reasons.${reason}`, values) ?? said(`kinds.${code}`, { message }) ?? message;
}

/** Whether the server says that it is not there, or not any more. */
export function missing(error: unknown): boolean {
  return error instanceof Refused && error.status === 404;
}

/** Runs an act and says it when it fails. Returns whether it was done. */
export async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof NotElevated) return false;
    toasts.complain(reason(error));
    return false;
  }
}

/** The person did not give the password that an act takes. Nothing was changed, and he knows it. */
export class NotElevated extends Error {}

/** Runs an act that comes again by itself: what the server says against it, or that it is away, is not told. */
export async function quietly(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
  }
}
