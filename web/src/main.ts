import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { speak, wished } from "./i18n/index.svelte.ts";

await speak(wished());
mount(App, { target: document.getElementById("app") as HTMLElement });
