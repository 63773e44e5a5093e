import { untrack } from "svelte";
import type { Key } from "~/i18n/index.svelte.ts";
import { appearance } from "./appearance.svelte.ts";

/** What stands in the table of keys about an act. */
export interface Told {
  /** What it does. */
  text: Key;
  /** The head of its part of the table; by default that of the whole app. */
  group?: Key;
  /** Only then; else an earlier act of the same key gets its turn. */
  when?: () => boolean;
}

interface Act extends Told {
  group: Key;
  keys: string[];
  run: (event: KeyboardEvent) => unknown;
}

const THEN = 1500; // ms between the two keys of "g i"
const FIELD = 'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select';
/** What has a use of its own for arrows and letters. */
const OWN = '[role="menu"], [role="listbox"], [role="tablist"], [role="radiogroup"], [role="slider"], [role="grid"]';
const PRESSED = 'a[href], button, summary, [role="button"], [role="checkbox"], [role="switch"], [role="tab"]';
const ABOVE = '[role="dialog"], [role="alertdialog"], [role="menu"]';

/**
 * The acts that have a key. A key is named as `KeyboardEvent.key` names it: "j" (whatever the case), "Enter", "#",
 * "Shift+ArrowDown", or "g i" for one after the other. What was registered last comes first, so that a page may
 * give a key of the whole app a nearer meaning. Keys that type something can be switched off; none acts in fields, below an open dialog or menu, or takes what the focused control would do with it.
 */
export class Shortcuts {
  #acts = $state.raw<Act[]>([]);
  #first = "";
  #until = 0;

  /** All that act now, in the order of their registration. */
  get list(): readonly Act[] {
    return this.#acts;
  }

  /** Returns what takes it away again: `$effect(() => shortcuts.on("j", { text: "inbox.next" }, next))`. */
  on(keys: string | string[], told: Told, run: (event: KeyboardEvent) => unknown): () => void {
    const act: Act = { group: "keys.everywhere", ...told, keys: [keys].flat(), run };
    untrack(() => (this.#acts = [...this.#acts, act]));
    return () => untrack(() => (this.#acts = this.#acts.filter((other) => other !== act)));
  }

  /** A tooltip: "Delete (#)"; without the key where keys are switched off. */
  tip(text: string, key: string): string {
    return this.acts(key) ? `${text} (${shown(key)})` : text;
  }

  /** Whether the key would do anything as far as the person's choice goes. */
  acts(key: string): boolean {
    return appearance.shortcuts.value || !types(key);
  }

  /** Listens on the page. Returns what ends it. */
  listen(): () => void {
    const hear = (event: KeyboardEvent): void => this.press(event);
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }

  press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = named(event);
    const two = event.timeStamp < this.#until ? `${this.#first} ${key}` : "";
    if (!two && types(key)) [this.#first, this.#until] = [key, event.timeStamp + THEN];
    else this.#until = 0;
    if (!this.acts(key) || !free(event, key)) {
      this.#until = 0;
      return;
    }
    const act =
      (two && this.#acts.findLast((act) => act.keys.includes(two) && (act.when?.() ?? true))) ||
      this.#acts.findLast((act) => act.keys.includes(key) && (act.when?.() ?? true));
    if (!act) return;
    event.preventDefault();
    this.#until = 0;
    act.run(event);
  }
}

/** "g i" as "G I", "ArrowDown" as "↓". */
export function shown(key: string): string {
  const signs: Record<string, string> = {
    ArrowDown: "↓",
    ArrowUp: "↑",
    ArrowLeft: "←",
    ArrowRight: "→",
    Escape: "Esc",
    Delete: "Del",
    " ": "␣",
  };
  const one = (name: string): string => signs[name] ?? (name.length === 1 ? name.toUpperCase() : name);
  return key
    .split(" ")
    .map((part) => part.split("+").map(one).join(" "))
    .join(" ");
}

/** Whether a key types a character: such ones can be switched off (WCAG 2.1.4). */
export function types(key: string): boolean {
  return key.split(" ").every((part) => part.replace("Shift+", "").length === 1);
}

export function named(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  const { key, shiftKey } = event;
  if (key.length > 1) return shiftKey ? `Shift+${key}` : key;
  const letter = key.toLowerCase() !== key.toUpperCase();
  return letter ? (shiftKey ? "Shift+" : "") + key.toLowerCase() : key;
}

/** Whether neither what has the focus nor what lies above the page has a use for the key. */
function free(event: KeyboardEvent, key: string): boolean {
  const at = event.target instanceof Element ? event.target : null;
  if (document.querySelector(ABOVE)) return false;
  if (!at) return true;
  if (at.matches(FIELD) || (at instanceof HTMLElement && at.isContentEditable)) return false;
  if (key === "Enter" || key === " ") return !at.closest(PRESSED);
  return !at.closest(OWN);
}

export const shortcuts = new Shortcuts();
