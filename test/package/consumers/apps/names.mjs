/** The names that each subpath exports, in both builds. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const names = {};
for (const subpath of process.argv.slice(2)) {
  names[subpath] = {
    esm: Object.keys(await import(subpath)).sort(),
    cjs: Object.keys(require(subpath)).sort(),
  };
}
console.log(JSON.stringify(names));
