// ../../wt/edge/test/fetch/workerd/conformance.ts
import { join } from "node:path";
import { build } from "esbuild";
import { kCurrentWorker, Miniflare } from "miniflare";
var here = (file) => join(import.meta.dirname, file);
var REPLACED = [
  [/^vitest$/, "vitest.ts"],
  [/^supertest$/, "supertest.ts"],
  [/\/support\/collector\.js$/, "collector.ts"],
  [/\/project\/helpers\.js$/, "helpers.ts"],
  [/^node:|\/src\/convert\/convert\.js$/, "node.ts"]
];
var replaced = {
  name: "replaced",
  setup: ({ onResolve }) => {
    for (const [filter, file] of REPLACED) onResolve({ filter }, () => ({ path: here(file) }));
  }
};
async function startSuite() {
  const { outputFiles } = await build({
    entryPoints: [here("worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    plugins: [replaced],
    logLevel: "error"
  });
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text }],
    compatibilityDate: "2025-05-01",
    outboundService: kCurrentWorker
  });
  const get = (path) => worker.dispatchFetch(`http://suite.test${path}`);
  return {
    cases: await (await get("/cases")).json(),
    run: async (index) => (await get(`/run?case=${index}`)).text(),
    close: () => worker.dispose()
  };
}
export {
  startSuite
};
