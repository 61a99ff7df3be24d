/**
 * What to write here for the options of the official SDK (4.4 and 5.0) that this package does not have by that name.
 */

/** The path of an option of the SDK -> what to write instead. docs/reference/sdk.md has the same table. */
export const SDK_OPTIONS: Readonly<Record<string, string>> = {
  data: 'write `project`, which takes a config object',
  dataStore: 'write `store`, which takes any object with get and set',
  dataRefreshInterval: 'write `refreshInterval`',
  api: 'write `endpoints: { config, track }`',
  events: 'leave it out: batches follow the load; `delivery: { linger }` is the pause between two POSTs',
  rules:
    'leave it out: keys of rules are compared exactly (SDK 4.4 does so whatever `keys_case_sensitive` says), and ' +
    'comparisons are those of the SDK',
  mapper: 'leave it out: no visitor data is logged',
  'network.tracking':
    'write `delivery: false`, which sends nothing; for `tracking: false` and `releaseQueues()` after consent, write ' +
    "`consent` with `mode: 'hold'`",
  'network.source': 'leave it out: the source of events is this package',
};
