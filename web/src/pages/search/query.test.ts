import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BadQuery, faultOf, nearest, pieces, written, type Fault, type Piece } from "./query.ts";

interface Case {
  text: string;
  pieces?: Partial<Piece>[];
  error?: { fault: Fault; name: string; value: string; near: string; start: number; end: number };
}

/** The table that the server's reader is held to as well. */
const table: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../../../tests/data/queries.json", import.meta.url), "utf-8"),
);

/** The table counts characters, not the units of UTF-16. */
const at = (text: string, place: number): number => [...text.slice(0, place)].length;

test.each(table.cases)("$text", ({ text, pieces: expected, error }) => {
  const fault = faultOf(text);
  if (expected) {
    const plain = { name: "", negated: false, prefix: false };
    const found = pieces(text).map((piece) => ({ ...piece, start: at(text, piece.start), end: at(text, piece.end) }));
    expect(found).toEqual(expected.map((piece) => ({ ...plain, ...piece })));
  } else {
    expect(() => pieces(text)).toThrow(BadQuery);
  }
  if (!error) return expect(fault).toBeNull();
  expect(fault?.fault).toBe(error.fault);
  expect(fault?.near).toBe(error.near);
  expect(fault?.piece?.name ?? "").toBe(error.name);
  expect(fault?.piece?.text ?? "").toBe(error.value);
  expect([at(text, fault?.piece?.start ?? 0), at(text, fault?.piece?.end ?? 0)]).toEqual([error.start, error.end]);
});

test("the nearest name is one that begins so, else the one with the fewest letters to change", () => {
  expect(nearest("prio", ["app", "priority"])).toBe("priority");
  expect(nearest("pp", ["app", "priority"])).toBe("app");
});

test("a value with spaces is written in quotes", () => {
  expect(written("app", "Two words")).toBe('app:"Two words"');
  expect(written("app", "Backup", true)).toBe("-app:Backup");
});
