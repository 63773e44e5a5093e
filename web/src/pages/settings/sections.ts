import type { Component } from "svelte";
import type { Key } from "~/i18n/index.svelte.ts";
import type { Setting } from "./decisions.svelte.ts";

export interface Section {
  path: string;
  name: Key;
  group: "mine" | "everyone" | "tools";
  /** What it shows: a component, or the settings of the server of a section. */
  shows: (() => Promise<{ default: Component }>) | Setting["section"];
}

/** Every part of the settings. What is not "mine" is for admins. */
export const SECTIONS: Section[] = [
  { path: "account", name: "settings.account", group: "mine", shows: () => import("./Account.svelte") },
  { path: "appearance", name: "settings.appearance", group: "mine", shows: () => import("./Appearance.svelte") },
  {
    path: "notifications",
    name: "settings.notifications",
    group: "mine",
    shows: () => import("~/parts/NotificationSettings.svelte"),
  },
  {
    path: "services",
    name: "settings.services",
    group: "mine",
    shows: () => import("./Services.svelte"),
  },
  { path: "help", name: "settings.help", group: "mine", shows: () => import("./Help.svelte") },
  { path: "users", name: "settings.users", group: "everyone", shows: () => import("./Users.svelte") },
  { path: "groups", name: "settings.groups", group: "everyone", shows: () => import("./Groups.svelte") },
  { path: "accounts", name: "settings.accounts", group: "everyone", shows: "accounts" },
  { path: "limits", name: "settings.limits", group: "everyone", shows: "sending" },
  { path: "applications", name: "settings.applications", group: "everyone", shows: "applications" },
  { path: "clients", name: "settings.clients", group: "everyone", shows: "clients" },
  {
    path: "server",
    name: "settings.server",
    group: "tools",
    shows: () => import("./Server.svelte"),
  },
  { path: "logs", name: "settings.logs", group: "tools", shows: () => import("./Logs.svelte") },
];

export const GROUPS: [Section["group"], Key | null][] = [
  ["mine", null],
  ["everyone", "settings.everyone"],
  ["tools", "settings.tools"],
];
