import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { catalogues } from "./build/catalogues.ts";
import { budget } from "./build/budget.ts";
import { worker } from "./build/worker.ts";

export default defineConfig({
  base: "./", // below whatever path a proxy serves it
  plugins: [catalogues(), svelte(), budget(), worker()],
  resolve: { conditions: ["browser"], alias: { "~": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL("../src/carillon/web", import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: but pictures
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: "es2022",
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true }, "/image": "http://127.0.0.1:8080" } },
});
