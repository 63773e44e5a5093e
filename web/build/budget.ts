import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

const FIRST_LOAD = 120_000; // bytes of gzipped JavaScript and CSS until the inbox stands

/** Fails the build when a browser would have to load more than FIRST_LOAD before it shows the inbox. */
export function budget(): Plugin {
  return {
    name: "budget",
    apply: "build",
    generateBundle(_, bundle) {
      const files = firstLoad(bundle);
      const sizes = [...files].map((name): [string, number] => [name, gzipped(bundle[name])]);
      const total = sizes.reduce((sum, [, size]) => sum + size, 0);
      const list = sizes.map(([name, size]) => `  ${String(size).padStart(7)}  ${name}`).join("\n");
      if (total > FIRST_LOAD) this.error(`the first load is ${total} bytes, more than ${FIRST_LOAD}:\n${list}`);
      this.info(`the first load is ${total} of ${FIRST_LOAD} bytes\n${list}`);
    },
  };
}

/** The entry, the inbox and the English texts, with all that they import. */
function firstLoad(bundle: Rollup.OutputBundle): Set<string> {
  const found = new Set<string>();
  const walk = (name: string): void => {
    const chunk = bundle[name];
    if (!chunk || found.has(name)) return;
    found.add(name);
    if (chunk.type !== "chunk") return;
    chunk.imports.forEach(walk);
    chunk.viteMetadata?.importedCss.forEach(walk);
  };
  for (const file of Object.values(bundle)) {
    if (file.type !== "chunk") continue;
    const from = file.facadeModuleId ?? "";
    if (file.isEntry || /\/pages\/inbox\/Inbox\.svelte$|\/i18n\/en\/index\.ts$/.test(from)) walk(file.fileName);
  }
  return found;
}

function gzipped(file: Rollup.OutputChunk | Rollup.OutputAsset | undefined): number {
  if (!file) return 0;
  return gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 }).length;
}
