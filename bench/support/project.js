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
    id: String(id * 10 + index),
    key: variation,
    name: variation,
    status: 'running',
    traffic_allocation: 50,
    changes: [
      {
        id: id * 10 + index,
        type: 'customCode',
        data: { css: '', js: '', custom_js: `/* ${key} ${variation} */` },
      },
    ],
  })),
});

export const EXPERIENCE = 'homepage-hero';
export const GOAL = 'purchase';

export const project = {
  account_id: '1001',
  project: { id: '2002', name: 'Bench', type: 'fullstack', utc_offset: '0', settings: { version: '1' } },
  experiences: [
    experience(101, EXPERIENCE, ['601'], ['701']),
    experience(102, 'pricing-table', ['602'], ['701']),
    experience(103, 'german-checkout', ['603'], ['702']),
    experience(104, 'spring-sale', [], ['703']),
    experience(105, 'newcomers', ['601'], ['704']),
    experience(106, 'search-box', ['604'], []),
    experience(107, 'newsletter', ['605'], ['705']),
    experience(108, 'phone-menu', [], ['706']),
    experience(109, 'product-page', ['606'], ['701']),
    experience(110, 'footer', [], []),
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
