/**
 * The project that is measured: ten experiences, as many rules as a site has. `homepage-hero` has a location and an
 * audience that every browser on the page matches, so that rules are really asked and everybody is enrolled.
 */
const rules = (...all) => ({
  OR: [
    {
      AND: all.map(([key, match_type, value]) => ({
        OR_WHEN: [
          {
            rule_type: 'generic_text_key_value',
            key,
            value,
            matching: { match_type, negated: false },
          },
        ],
      })),
    },
  ],
});

export const location = (id, key, ...matching) => ({ id, key, name: key, rules: rules(...matching) });
export const audience = (id, key, type, ...matching) => ({
  id,
  key,
  name: key,
  type,
  rules: rules(...matching),
});

export const variationId = (experienceId, index) =>
  String(2 * (experienceId - 100_000_000) + 100_000_000 + index);

export const experience = (id, key, locations, audiences) => ({
  id: String(id),
  key,
  name: key,
  type: 'a/b_fullstack',
  status: 'active',
  environment: 'staging',
  version: 8,
  locations,
  site_area: null,
  audiences,
  goals: ['501'],
  settings: { matching_options: { audiences: 'any', locations: 'any' } },
  variations: ['original', 'version-b'].map((variation, index) => ({
    id: variationId(id, index),
    key: variation,
    name: variation,
    status: 'running',
    traffic_allocation: 50,
    changes: [
      {
        id: Number(variationId(id, index)),
        type: 'customCode',
        data: { css: '', js: '', custom_js: `/* ${key} ${variation} */` },
      },
    ],
  })),
});

export const EXPERIENCE = 'homepage-hero';
/** Ids are as long as Convert's: as the keys of an object, small ones take V8 an array of that length. */
export const EXPERIENCE_ID = 100_400_101;
export const GOAL = 'purchase';

export const project = {
  account_id: '1001',
  project: { id: '2002', name: 'Bench', type: 'fullstack', utc_offset: '0', settings: { version: '1' } },
  experiences: [
    experience(EXPERIENCE_ID, EXPERIENCE, ['601'], ['701']),
    experience(100_400_102, 'pricing-table', ['602'], ['701']),
    experience(100_400_103, 'german-checkout', ['603'], ['702']),
    experience(100_400_104, 'spring-sale', [], ['703']),
    experience(100_400_105, 'newcomers', ['601'], ['704']),
    experience(100_400_106, 'search-box', ['604'], []),
    experience(100_400_107, 'newsletter', ['605'], ['705']),
    experience(100_400_108, 'phone-menu', [], ['706']),
    experience(100_400_109, 'product-page', ['606'], ['701']),
    experience(100_400_110, 'footer', [], []),
  ],
  archived_experiences: [],
  locations: [
    location('601', 'home', ['path', 'matches', '/']),
    location('602', 'pricing', ['path', 'startsWith', '/pricing']),
    location('603', 'checkout', ['url', 'contains', '/checkout']),
    location('604', 'search', ['path', 'startsWith', '/search']),
    location('605', 'from-blog', ['referrer', 'contains', 'blog.example']),
    location('606', 'products', ['path', 'startsWith', '/products']),
  ],
  audiences: [
    audience('701', 'screens', 'transient', ['device', 'regexMatches', '^(desktop|mobile|tablet)$']),
    audience('702', 'germany', 'transient', ['country', 'matches', 'DE']),
    audience('703', 'spring', 'permanent', ['utm_campaign', 'matches', 'spring']),
    audience('704', 'new-visitors', 'permanent', ['visitorType', 'matches', 'new']),
    audience('705', 'newsletter', 'transient', ['utm_medium', 'matches', 'email']),
    audience('706', 'phones', 'transient', ['device', 'matches', 'mobile'], ['browser', 'matches', 'safari']),
  ],
  segments: [],
  goals: [{ id: '501', key: GOAL, name: 'Purchase', type: 'revenue', rules: null }],
  features: [],
};
