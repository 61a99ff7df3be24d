/** The configs of the vectors: one experience `e`, decided by a rule, or by shares of the traffic. */
const experience = (variations, audiences) => ({
  id: '1',
  key: 'e',
  name: 'e',
  type: 'a/b_fullstack',
  status: 'active',
  version: 8,
  locations: [],
  site_area: null,
  audiences,
  goals: [],
  settings: { matching_options: { audiences: 'any', locations: 'any' } },
  variations,
});

const config = (experiences, audiences) => ({
  account_id: '1',
  project: { id: '1', name: 'p', type: 'fullstack', utc_offset: '0', settings: {} },
  experiences,
  archived_experiences: [],
  locations: [],
  audiences,
  segments: [],
  goals: [],
  features: [],
});

const variation = (id, share) => ({
  id,
  key: id,
  name: id,
  status: 'running',
  changes: [],
  ...(share !== 'missing' && { traffic_allocation: share }),
});

/** A config whose experience is decided for everybody who meets the rules. */
export const ruleConfig = (rules) =>
  config(
    [experience([variation('11', 100)], ['7'])],
    [{ id: '7', key: 'a', name: 'a', type: 'transient', rules }],
  );

/** A config whose experience has these variations: pairs of an id and a share, which may be `missing`. */
export const allocationConfig = (variations) =>
  config(
    [
      experience(
        variations.map(([id, share]) => variation(id, share)),
        [],
      ),
    ],
    [],
  );
