import type { Message } from "~/api/client.ts";
import { shortcuts, type Told } from "~/state/shortcuts.svelte.ts";
import { ways } from "./actions.ts";
import { copyLink, resend } from "./acts.ts";
import type { View } from "./view.svelte.ts";

/** The keys of the inbox. Returns what takes them away. `mute` asks for how long. */
export function keys(view: View, mute: (message: Message) => void): () => void {
  const first = (): Message | undefined => view.message(view.targets[0] ?? 0);
  const only = (act: (message: Message) => unknown) => (): void => {
    const message = first();
    if (message) act(message);
  };
  const any = (): boolean => view.targets.length > 0;
  const go = (step: 1 | -1) => (): void => move(view, step);
  const extend = (step: 1 | -1) => (): void => {
    const id = view.next(step);
    if (!view.selected.size && view.cursor) view.toggle(view.cursor);
    if (!id) return;
    view.extend(id);
    view.focus(id);
  };
  const acts: [string[], Told["text"], (event: KeyboardEvent) => void, (() => boolean)?][] = [
    [["j", "ArrowDown"], "inbox.keyNext", go(1)],
    [["k", "ArrowUp"], "inbox.keyPrevious", go(-1)],
    [["Enter", "o"], "inbox.keyOpen", only((message) => open(view, message)), any],
    [["u"], "inbox.keyRead", () => view.mark("read"), any],
    [["p"], "inbox.pin", () => view.mark("pinned"), any],
    [["#", "Delete"], "inbox.delete", () => view.delete(), any],
    [["z"], "inbox.keyUndo", () => undo(view), () => view.home.deletions.open.length > 0],
    [["x"], "inbox.keySelect", only((message) => view.toggle(message.id)), () => Boolean(view.cursor)],
    [["Shift+ArrowDown"], "inbox.keyExtend", extend(1)],
    [["Shift+ArrowUp"], "inbox.keyExtend", extend(-1)],
    [["r"], "inbox.keyResend", only(resend), any],
    [["l"], "inbox.keyLink", only(copyLink), any],
    [["m"], "inbox.keyMute", only(mute), any],
    [["Escape"], "inbox.keyBack", () => back(view), () => view.selected.size > 0 || Boolean(view.place.message)],
  ];
  const taken = acts.map(([names, text, run, when]) => shortcuts.on(names, { text, group: "inbox.keys", when }, run));
  return () => taken.forEach((take) => take());
}

/** To the next message; where one is open, the next one is. */
function move(view: View, step: 1 | -1): void {
  const id = view.next(step);
  const message = view.message(id);
  if (!message) return;
  if (view.place.message) view.show(message);
  view.focus(id);
}

/** Opens the message, or, if it is open, the address in it. */
function open(view: View, message: Message): void {
  if (view.open?.id !== message.id) {
    view.show(message);
    return;
  }
  const [way] = ways(message);
  if (way) window.open(way.href, "_blank", "noopener,noreferrer");
}

function undo(view: View): void {
  const deletion = view.home.deletions.open.at(-1);
  view.home.deletions.undo();
  if (deletion && "ids" in deletion.what) view.focus(deletion.what.ids[0] as number);
}

function back(view: View): void {
  if (view.selected.size) view.selected.clear();
  else view.close();
}
