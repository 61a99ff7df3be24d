/**
 * The test files that need a process of their own, with the reason. All other files share the workers, and what is
 * loaded in them: a test of theirs must not replace modules, and support files must not register hooks when they are
 * imported, which happens once for many files.
 */
export const ALONE: Readonly<Record<string, string>> = {
  'adapters/misuse.test.ts': 'loads the adapters anew, as a warning comes once in a process',
  'convert/on-demand.test.ts': 'loads the sources anew, with modules that come late or not at all',
  'delivery/defaults.test.ts': 'calls the listeners of the process, which all instances share',
  'delivery/spool/files.test.ts': 'replaces node:fs',
  'fetch/hosts.slow.test.ts': 'starts miniflare, which listens to signals of the process',
  'fetch/recipes.slow.test.ts': 'starts miniflare, which listens to signals of the process',
  'system/request-lifetime.test.ts': 'measures the heap, which other files have filled',
  'testing/test-convert.test.ts': 'counts the listeners of the process, which all instances share',
};
