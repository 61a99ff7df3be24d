import { defineConfig } from 'tsdown';

/**
 * Declarations have no source maps: there is nothing of ours in the package that they could lead to. The bundler writes
 * the comment that points to one all the same.
 */
const noDeclarationMaps = {
  name: 'no-declaration-maps',
  generateBundle(_options: unknown, bundle: Record<string, { code?: string }>): void {
    for (const [name, chunk] of Object.entries(bundle)) {
      if (/\.d\.[cm]ts$/.test(name)) chunk.code = chunk.code?.replace(/\n\/\/# sourceMappingURL=.*$/, '\n');
    }
  },
};

// One entry per file at the top of src that is a subpath of the package (the `exports` of package.json name the same).
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    express: 'src/express.ts',
    koa: 'src/koa.ts',
    fastify: 'src/fastify.ts',
    engine: 'src/engine.ts',
    'sdk-engine': 'src/sdk-engine.ts',
    'geoip-lite': 'src/geoip-lite.ts',
    maxmind: 'src/maxmind.ts',
    redis: 'src/redis.ts',
    lmdb: 'src/lmdb.ts',
    testing: 'src/testing.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  dts: { sourcemap: false },
  sourcemap: true,
  outputOptions: {
    plugins: [noDeclarationMaps],
    // By itself, so that a small entry doesn't load a large one for the sake of the bundler's helpers.
    codeSplitting: { groups: [{ name: 'helpers', test: /rolldown\/runtime/ }] },
  },
  clean: true,
  fixedExtension: true,
});
