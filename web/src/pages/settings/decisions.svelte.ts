import { answer, api, Refused } from "~/api/client.ts";
import type { components } from "~/api/schema.d.ts";
import { reason } from "~/state/failures.ts";
import { session } from "~/state/session.svelte.ts";

export type Setting = components["schemas"]["Setting"];
export type Value = Setting["value"];
type Patch = components["schemas"]["PatchSettings"];

/** The settings of the server, and what an admin is about to change of them. */
export class Decisions {
  list = $state.raw<Setting[]>([]);
  /** By name: the value wished, null for the default. Not sent yet. */
  wishes = $state.raw<Record<string, Value | null>>({});
  error = $state.raw<{ name: string; text: string } | null>(null);

  get dirty(): number {
    return Object.keys(this.wishes).length;
  }

  /** Raises Refused and Unreachable. */
  async load(): Promise<void> {
    this.list = (await answer(api.GET("/api/1/settings"))).settings;
  }

  shown(setting: Setting): Value {
    const wish = this.wishes[setting.name];
    return wish === undefined ? setting.value : (wish ?? setting.default);
  }

  wish(setting: Setting, value: Value): void {
    const { [setting.name]: _, ...others } = this.wishes;
    const wished = value === setting.default ? null : value;
    this.wishes = value === setting.value ? others : { ...others, [setting.name]: wished };
    if (this.error?.name === setting.name) this.error = null;
  }

  discard(): void {
    this.wishes = {};
    this.error = null;
  }

  /** Whether they hold now. `error` says what is wrong with one. Raises NotElevated, Refused and Unreachable. */
  async save(): Promise<boolean> {
    const body = this.wishes as Patch;
    try {
      this.list = (await session.elevated(() => answer(api.PATCH("/api/1/settings", { body })))).settings;
    } catch (error) {
      if (!(error instanceof Refused) || !error.field) throw error;
      this.error = { name: error.field, text: reason(error) };
      return false;
    }
    this.discard();
    return true;
  }
}

/** One for all sections: what is not saved stays while one looks at another. */
export const decisions = new Decisions();
