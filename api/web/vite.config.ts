import { defineConfig } from "vite";

// The server reads dist/manifest.json and links the hashed names; nothing is loaded from elsewhere.
export default defineConfig({
  base: "/static/",
  logLevel: "warn",
  build: {
    target: "es2022",
    outDir: "dist",
    manifest: "manifest.json",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: "src/main.ts",
      // htmx can evaluate code in attributes; the pages switch that off and their security policy forbids it.
      onwarn: (warning, next) => { if (warning.code !== "EVAL") next(warning); },
    },
    chunkSizeWarningLimit: 600,
  },
});
