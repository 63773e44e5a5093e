import { address, type Message } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { applications } from "~/state/applications.svelte.ts";
import { Remembered } from "~/state/remembered.svelte.ts";

/** "unknown": nobody has asked the browser yet. "none": it has no notifications, or not for a page without https. */
export type Permission = "granted" | "denied" | "unknown" | "none";

const BODY = 200; // characters

/** Notifications of the desktop, as far as the person and the browser let them be. */
class Desktop {
  readonly on = new Remembered<boolean>("desktop", false);
  /** Whether they show what the message says, or only who sends. */
  readonly words = new Remembered<boolean>("desktop-words", true);
  permission = $state<Permission>(now());
  #open = new Map<string, Notification>();

  /** What the browser says now, which its own settings may have changed. */
  look(): void {
    this.permission = now();
  }

  /** Asks the browser, which asks the person. To be called by a press of our own button. */
  async ask(): Promise<boolean> {
    if (this.permission === "unknown") await Notification.requestPermission();
    this.look();
    return (this.on.value = this.permission === "granted");
  }

  get shows(): boolean {
    return this.on.value && this.permission === "granted";
  }

  /** `silent`: the page itself rings, or nothing is to be heard. */
  async show(message: Message, { stays, silent }: { stays: boolean; silent: boolean }): Promise<void> {
    const application = applications.get(message.application);
    const name = application?.name ?? "Carillon";
    const body = message.encrypted ? "" : message.message.slice(0, BODY);
    await this.#put(this.words.value && message.title ? message.title : name, {
      body: this.words.value ? (message.title ? `${name}\n${body}` : body) : t("frame.arrived", { n: 1 }),
      tag: message.public_id,
      icon: address(application?.image ?? "icon-192.png"),
      requireInteraction: stays,
      silent,
      data: { place: `#/m/${message.public_id}` },
    });
  }

  /** Many at once. */
  async sum(n: number, high: number, options: { stays: boolean; silent: boolean }): Promise<void> {
    const text = t(high ? "frame.arrivedHigh" : "frame.arrived", { n, high });
    const { stays, silent } = options;
    await this.#put(text, {
      tag: "many",
      icon: address("icon-192.png"),
      requireInteraction: stays,
      silent,
      data: { place: "#/" },
    });
  }

  /** Those messages have been read or deleted, here or elsewhere. */
  async close(tags: Iterable<string>): Promise<void> {
    const worker = await registration();
    for (const tag of tags) {
      this.#open.get(tag)?.close();
      this.#open.delete(tag);
      for (const one of (await worker?.getNotifications({ tag })) ?? []) one.close();
    }
  }

  /** Through the service worker where there is one: phones know no other way, and a press wakes a closed page. */
  async #put(title: string, options: NotificationOptions & { tag: string; data: { place: string } }): Promise<void> {
    const worker = await registration();
    if (worker) return await worker.showNotification(title, options);
    const shown = new Notification(title, options);
    this.#open.set(options.tag, shown);
    shown.onclose = () => this.#open.delete(options.tag);
    shown.onclick = () => {
      window.focus();
      location.hash = options.data.place;
      shown.close();
    };
  }
}

function now(): Permission {
  if (!("Notification" in window) || !window.isSecureContext) return "none";
  return Notification.permission === "default" ? "unknown" : Notification.permission;
}

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  const found = await navigator.serviceWorker?.getRegistration();
  return found?.active ? found : undefined;
}

export const desktop = new Desktop();
