import type { FormField, Value, Values } from "~/api/services.ts";

/** A secret that the server holds and does not give back: `hint` are its first and last letters, or nothing. */
export interface Kept {
  set: true;
  hint: string;
}

export function isKept(value: Value): value is Kept {
  return typeof value === "object" && value !== null && "set" in value && value.set === true;
}

/** What a field holds before anybody has written anything. */
export function blank(field: FormField): Value {
  if (field.default !== null && field.default !== undefined) return structuredClone(field.default);
  switch (field.type) {
    case "switch":
      return false;
    case "number":
      return null;
    case "list":
      return [];
    case "pairs":
    case "levels":
      return {};
    case "choice":
      return field.choices[0]?.value ?? "";
    default:
      return "";
  }
}

/** Whether a field is asked for, as the others are filled in. */
export function asked(field: FormField, values: Values): boolean {
  const { when } = field;
  return !when || when.values.includes(String(values[when.field]));
}

/** The name of a sentence in the texts of "services", and the numbers in it. */
export interface Wrong {
  says: "missing" | "exactly" | "tooShort" | "tooLong" | "notLike" | "atLeast" | "atMost";
  n?: number;
  right?: number;
}

/** What is wrong with a value and what right looks like; null: nothing that can be seen from here. */
export function wrong(field: FormField, value: Value): Wrong | null {
  if (isKept(value)) return null;
  const empty = value === "" || value === null || value === undefined || (Array.isArray(value) && !value.length);
  if (empty) return field.required ? { says: "missing" } : null;
  if (typeof value === "number") return outOfBounds(field, value);
  if (typeof value !== "string") return null;
  const n = [...value].length;
  const { min_length: least, max_length: most } = field;
  if (least !== null && least === most && n !== least) return { says: "exactly", n, right: least };
  if (least !== null && n < least) return { says: "tooShort", n, right: least };
  if (most !== null && n > most) return { says: "tooLong", n, right: most };
  return matches(field, value) ? null : { says: "notLike" };
}

function outOfBounds({ minimum, maximum }: FormField, value: number): Wrong | null {
  if (minimum !== null && value < minimum) return { says: "atLeast", right: minimum };
  return maximum !== null && value > maximum ? { says: "atMost", right: maximum } : null;
}

/** The server's patterns are those of Python: what a browser does not understand is left to the server. */
function matches({ pattern }: FormField, value: string): boolean {
  if (!pattern) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}
