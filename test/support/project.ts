/** The project that most tests run: one experience for everybody, some with rules, a feature, goals. */
import type { ProjectConfig } from '../../src/model/project-config.js';

type Rule = { key: string; value: unknown; match?: string; negated?: boolean };

export const rules = (...all: Rule[]) => ({
  OR: [
    {
      AND: all.map(({ key, value, match = 'matches', negated = false }) => ({
        OR_WHEN: [
          { rule_type: 'generic_text_key_value', key, value, matching: { match_type: match, negated } },
        ],
      })),
    },
  ],
});

const variations = (id: number, ...keys: string[]) =>
  keys.map((key, index) => ({
    id: String(id * 10 + index),
    key,
    name: key,
    status: 'running',
    traffic_allocation: 100 / keys.length,
    changes: [] as { id: number; type: string; data: Record<string, unknown> }[],
  }));

const experience = (id: number, key: string, more: object = {}) => ({
  id: String(id),
  key,
  name: key,
  type: 'a/b_fullstack',
  status: 'active',
  environment: 'staging',
  version: 8,
  locations: [] as string[],
  site_area: null,
  audiences: [] as string[],
  goals: ['501'],
  settings: { matching_options: { audiences: 'any' as const, locations: 'any' as const } },
  variations: variations(id, 'original', 'version-b'),
  ...more,
});

export function testProject(): ProjectConfig {
  const featured = experience(104, 'featured');
  featured.variations[0]!.changes.push({
    id: 1,
    type: 'fullStackFeature',
    data: { feature_id: 301, variables_data: { price: '10', caption: 'Buy' } },
  });
  featured.variations[1]!.changes.push({
    id: 2,
    type: 'fullStackFeature',
    data: { feature_id: 301, variables_data: { price: '12', caption: 'Get' } },
  });
  return {
    account_id: '1001',
    project: {
      id: '2002',
      name: 'Test',
      type: 'fullstack',
      utc_offset: '0',
      settings: { version: '1' },
    },
    experiences: [
      experience(101, 'homepage-hero'),
      experience(102, 'german-pricing', { locations: ['601'], audiences: ['701'] }),
      experience(103, 'nobody', {
        variations: variations(103, 'a').map((v) => ({ ...v, status: 'stopped' })),
      }),
      featured,
      experience(105, 'archived-one'),
      experience(106, 'live-only', { environment: 'live' }),
      experience(107, 'spring-sale', { audiences: ['702'] }),
    ],
    archived_experiences: ['105'],
    locations: [
      {
        id: '601',
        key: 'pricing',
        name: 'Pricing',
        rules: rules({ key: 'path', value: '/pricing', match: 'startsWith' }),
      },
    ],
    audiences: [
      {
        id: '701',
        key: 'german-phones',
        name: 'German phones',
        type: 'transient',
        rules: rules({ key: 'country', value: 'DE' }, { key: 'device', value: 'mobile' }),
      },
      {
        id: '702',
        key: 'spring',
        name: 'Spring campaign',
        type: 'permanent',
        rules: rules({ key: 'utm_campaign', value: 'spring' }),
      },
    ],
    segments: [
      { id: '801', key: 'big-spenders', name: 'Big', rules: rules({ key: 'spent', value: 'lots' }) },
    ],
    goals: [
      { id: '501', key: 'purchase', name: 'Purchase', type: 'revenue', rules: null },
      {
        id: '502',
        key: 'signup',
        name: 'Sign-up',
        type: 'advanced',
        rules: rules({ key: 'plan', value: 'pro' }),
      },
    ],
    features: [
      {
        id: '301',
        key: 'checkout-button',
        name: 'Checkout button',
        variables: [
          { key: 'price', type: 'integer' },
          { key: 'caption', type: 'string' },
        ],
      },
      { id: '302', key: 'unused-feature', name: 'Unused', variables: [] },
    ],
  };
}

/** The endpoint's answer for an experience that is a draft: it carries a feature that `testProject` does not have. */
export function draftProject(): ProjectConfig {
  const { account_id, project } = testProject();
  const draft = experience(901, 'next-checkout', {
    status: 'draft',
    variations: variations(901, 'bold', 'plain'),
  });
  draft.variations[0]!.changes.push({
    id: 3,
    type: 'fullStackFeature',
    data: { feature_id: 309, variables_data: { size: '3' } },
  });
  const next = { id: '309', key: 'next-button', name: 'Next', variables: [{ key: 'size', type: 'integer' }] };
  return { account_id, project, experiences: [draft], features: [next] };
}
