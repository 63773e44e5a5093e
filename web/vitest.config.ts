import { defineConfig, mergeConfig } from "vitest/config";
import app from "./vite.config.ts";

// Beside the other, which builds the app where vitest is not installed.
export default mergeConfig(app, defineConfig({ test: { include: ["src/**/*.test.ts", "build/**/*.test.ts"] } }));
