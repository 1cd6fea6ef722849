import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

// The tests are of pure functions, so Node's own runner is enough once TypeScript is compiled away.
const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));

export default defineConfig({
  logLevel: "warn",
  build: {
    target: "node20",
    ssr: true,
    outDir: ".test",
    emptyOutDir: true,
    rollupOptions: { input: tests.map((name) => `test/${name}`) },
  },
});
