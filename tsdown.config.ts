import { defineConfig } from 'tsdown';

// One entry per file at the top of src that is a subpath of the package (the `exports` of package.json name the same).
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    express: 'src/express.ts',
    koa: 'src/koa.ts',
    fastify: 'src/fastify.ts',
    'sdk-engine': 'src/sdk-engine.ts',
    'geoip-lite': 'src/geoip-lite.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  dts: { sourcemap: false },
  sourcemap: true,
  clean: true,
  fixedExtension: true,
});
