import { MediaQuery } from "svelte/reactivity";
import { Remembered } from "./remembered.svelte.ts";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

const dark = new MediaQuery("prefers-color-scheme: dark");

/** How this browser shows the app. */
class Appearance {
  readonly theme = new Remembered<Theme>("theme", "system");
  readonly density = new Remembered<Density>("density", "comfortable");
  readonly roll = new Remembered<boolean>("roll", true);
  readonly shortcuts = new Remembered<boolean>("shortcuts", true);
  readonly language = new Remembered<string>("language", "");

  /** Keeps the page as chosen. To be called while a component is set up. */
  apply(): void {
    $effect(() => {
      const page = document.documentElement;
      void dark.current;
      if (this.theme.value === "system") delete page.dataset.theme;
      else page.dataset.theme = this.theme.value;
      page.dataset.density = this.density.value;
      document
        .querySelector('meta[name="theme-color"]')
        ?.setAttribute("content", getComputedStyle(document.body).backgroundColor);
    });
  }
}

export const appearance = new Appearance();
