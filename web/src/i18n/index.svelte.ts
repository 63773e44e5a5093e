import type english from "./en/index.ts";
import type englishPages from "./en/pages.ts";
import { apart } from "~/format/bidi.ts";
import { appearance } from "~/state/appearance.svelte.ts";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

type Catalogue = typeof english & typeof englishPages;
type Texts = Record<string, Record<string, (values: Record<string, unknown>) => string>>;
/** The name of a text, such as "inbox.title". */
export type Key = { [Area in keyof Catalogue]: `${Area & string}.${keyof Catalogue[Area] & string}` }[keyof Catalogue];

type Load = () => Promise<{ default: unknown }>;

// What the inbox says, and what the other pages do: it is loaded when the first of them is opened.
const catalogues: Record<Language, [Load, Load]> = {
  en: [() => import("./en/index.ts"), () => import("./en/pages.ts")],
  de: [() => import("./de/index.ts"), () => import("./de/pages.ts")],
};
let whole = false;

let language = $state<Language>("en");
let texts = $state.raw<Texts>({});

/** The language chosen here, else the first of the browser's that there is, else English. */
export function wished(): Language {
  const known = (name: string): name is Language => name in catalogues;
  const names = [appearance.language.value, ...navigator.languages.map((name) => name.slice(0, 2).toLowerCase())];
  return names.find(known) ?? "en";
}

/** Loads the texts of a language, those of `all` pages if they are needed, and shows the app in it. */
export async function speak(name: Language, all = whole): Promise<void> {
  const [first, pages] = catalogues[name];
  const loaded = await Promise.all(all ? [first(), pages()] : [first()]);
  whole = all;
  texts = Object.assign({}, ...loaded.map((part) => part.default)) as Texts;
  language = name;
  document.documentElement.lang = name;
}

/** The texts of all pages, from now on. */
export async function speakOfAll(): Promise<void> {
  if (!whole) await speak(language, true);
}

/** The text of that name in the language of the app, with the values that stand in it. */
export function t(key: Key, values: Record<string, unknown> = {}): string {
  return said(key, values) ?? key;
}

/** The same, of a name that may be none, as it comes from the server. */
export function said(key: string, values: Record<string, unknown> = {}): string | undefined {
  const [area, name] = key.split(".") as [string, string];
  return texts[area]?.[name]?.(isolated(values));
}

function isolated(values: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name in values) found[name] = typeof values[name] === "string" ? apart(values[name]) : values[name];
  return found;
}

/** What `Intl` calls the language of the app: the browser's own variant of it, for times and numbers. */
export function locale(): string {
  return navigator.languages.find((name) => name.toLowerCase().startsWith(language)) ?? language;
}

export function spoken(): Language {
  return language;
}
