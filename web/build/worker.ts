import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin, type Rollup } from "vite";

const SOURCE = fileURLToPath(new URL("../src/worker/sw.ts", import.meta.url));
const PUBLIC = fileURLToPath(new URL("../public", import.meta.url));
const HASHED = /^assets\//; // their names tell what is in them

/** Makes `sw.js`, the service worker, which knows every file of the app by name and content. */
export function worker(): Plugin {
  return {
    name: "worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const made = Object.values(bundle).map(entry);
      const given = readdirSync(PUBLIC).map((url) => ({ url, revision: digest(readFileSync(`${PUBLIC}/${url}`)) }));
      const files = [...made, ...given].sort((one, other) => (one.url < other.url ? -1 : 1));
      this.emitFile({ type: "asset", fileName: "sw.js", source: await compiled(files) });
    },
  };
}

function entry(file: Rollup.OutputChunk | Rollup.OutputAsset) {
  const { fileName: url } = file;
  return { url, revision: HASHED.test(url) ? null : digest(file.type === "chunk" ? file.code : file.source) };
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

async function compiled(files: { url: string; revision: string | null }[]): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    define: { FILES: JSON.stringify(files) },
    build: { write: false, target: "es2022", rollupOptions: { input: SOURCE, output: { format: "iife" } } },
  })) as Rollup.RollupOutput;
  return built.output[0].code;
}
