import type { Key } from "~/i18n/index.svelte.ts";

export const ACCEPTED = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"];
const LARGEST = 20_000_000; // bytes of a file that a page is to open
const EDGES = [512, 256]; // pixels: the first with which it is small enough
const ENOUGH = 600_000; // bytes to send

/** How a file of each kind begins; what it is called, and calls itself, says nothing. */
const BEGINNINGS = [/^\x89PNG\r\n\x1a\n/, /^\xff\xd8\xff/, /^GIF8[79]a/, /^RIFF....WEBP/s, /^BM/];
const HEAD = 1024; // bytes, in which an SVG says what it is

/** What speaks against a file as a picture, by its content; null: nothing. */
export async function unfit(file: Blob): Promise<Key | null> {
  if (file.size > LARGEST) return "applications.pictureLarge";
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (!BEGINNINGS.some((beginning) => beginning.test(head)))
    return /<svg|<!doctype svg|<\?xml/i.test(head) ? "applications.pictureSvg" : "applications.pictureUnknown";
  try {
    (await createImageBitmap(file)).close();
    return null;
  } catch {
    return "applications.pictureBroken";
  }
}

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The square of a picture, drawn anew: at most 512 pixels an edge, and nothing of the file but its look. */
export async function cut(image: CanvasImageSource, area: Area): Promise<Blob> {
  for (const most of EDGES) {
    const edge = Math.max(1, Math.min(most, Math.round(area.width)));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = edge;
    const context = canvas.getContext("2d");
    if (!context) break;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, area.x, area.y, area.width, area.height, 0, 0, edge, edge);
    const drawn = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (drawn && (drawn.size <= ENOUGH || most === EDGES.at(-1))) return drawn;
  }
  throw new Error("this browser draws no pictures");
}
