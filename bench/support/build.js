/** The build that a process measures: the one of this repository, or another one that its parent names. */

const OWN = new URL('../../', import.meta.url).href;
/** The build comes to a child as an environment variable: its modules import the build before they read arguments. */
const VARIABLE = 'BENCH_BUILD';

/** The environment of a child that measures the build in this folder (a `file:` URL that ends with a slash). */
export const environmentOf = (build = OWN) => ({ [VARIABLE]: build });

/** The URL of a public entry: `index`, `express`, `engine` and so on. */
export const entryOf = (entry, build = process.env[VARIABLE] ?? OWN) =>
  new URL(`dist/${entry}.mjs`, build).href;

/** Imports a public entry of the build that is measured. */
export const fromBuild = (entry) => import(entryOf(entry));
