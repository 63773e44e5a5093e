import MessageFormat from "@messageformat/core";
import compileModule from "@messageformat/core/compile-module";
import type { Plugin } from "vite";

const CATALOGUE = /\/i18n\/(\w\w)\/\w[\w-]*\.json$/;

/** Compiles the texts of `src/i18n/<language>/*.json`, which are ICU messages, to functions: the page parses none. */
export function catalogues(): Plugin {
  return {
    name: "catalogues",
    enforce: "pre",
    transform(code, id) {
      const language = CATALOGUE.exec(id)?.[1];
      if (!language) return null;
      const format = new MessageFormat(language, { strict: true, returnType: "string" });
      return { code: compileModule(format, JSON.parse(code)), map: null, moduleType: "js" };
    },
  };
}
