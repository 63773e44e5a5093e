import { afterEach, expect, test, vi } from "vitest";
import { unfit } from "./picture.ts";

afterEach(() => vi.unstubAllGlobals());

const PNG = "\x89PNG\r\n\x1a\n";
const file = (text: string): Blob => new Blob([Uint8Array.from(text, (sign) => sign.charCodeAt(0))]);

/** Stands for the browser's decoder. */
function decodes(whole: boolean): void {
  vi.stubGlobal("createImageBitmap", async () => {
    if (!whole) throw new DOMException("The source image could not be decoded.");
    return { close: () => undefined };
  });
}

test.each([PNG, "\xff\xd8\xff\xe0", "GIF89a", "RIFF\n\0\0\0WEBP", "BM"])(
  "a picture that begins with %j is taken",
  async (head) => {
    decodes(true);
    expect(await unfit(file(`${head}…`))).toBeNull();
  },
);

test.each([
  ["<svg onload='alert(1)'/>", "applications.pictureSvg"],
  ["\ufeff<?xml version='1.0'?>\n<!-- --> <svg/>", "applications.pictureSvg"],
  ["<html><script>alert(1)</script>", "applications.pictureUnknown"],
  ["", "applications.pictureUnknown"],
])("%j is no picture, whatever it is called", async (text, key) => {
  decodes(true);
  expect(await unfit(file(text))).toBe(key);
});

test("what only begins as a picture is broken", async () => {
  decodes(false);
  expect(await unfit(file(`${PNG}<svg><script>alert(1)</script></svg>`))).toBe("applications.pictureBroken");
});

test("what is too large is not opened", async () => {
  expect(await unfit(new Blob([new Uint8Array(20_000_001)]))).toBe("applications.pictureLarge");
});
