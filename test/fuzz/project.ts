/** A project that reads all that a request can say: regular expressions, UI rules, texts that are no HTML. */
import type { ProjectConfig } from '../../src/model/project-config.js';
import { rules, testProject } from '../support/project.js';

const HOSTILE_KEY = `</script><!--"'>&\u2028`;

/** For V8, but for one: RE2 takes milliseconds for long texts. */
const QUICK = '[a-z]+[!-/]';
const SLOW = '(a|b|[a-z]+)+[!-/]';

const readable = [
  'url',
  'path',
  'query',
  'referrer',
  'hostname',
  'userAgent',
  'country',
  'city',
  'language',
  'browser',
  'os',
  'utm_source',
  'utm_campaign',
  'visitorType',
];
const uiRule = (rule_type: string, value: unknown, more: object = {}) => ({
  OR: [
    {
      AND: [
        { OR_WHEN: [{ rule_type, value, matching: { match_type: 'contains', negated: false }, ...more }] },
      ],
    },
  ],
});

export function fuzzProject(): ProjectConfig {
  const project = testProject() as ProjectConfig & {
    experiences: Record<string, unknown>[];
    audiences: Record<string, unknown>[];
    locations: Record<string, unknown>[];
  };
  const [first] = project.experiences;
  const audiences = [
    ...readable.map(
      (key) =>
        [
          'generic',
          key,
          rules({ key, value: key === 'language' ? SLOW : QUICK, match: 'regexMatches', negated: true }),
        ] as const,
    ),
    ['ui', 'keyword', uiRule('keyword', 'x')] as const,
    ['ui', 'source', uiRule('source_name', 'google')] as const,
    ['ui', 'cookie', uiRule('cookie', 'pro', { key: 'plan' })] as const,
    ['ui', 'agent', uiRule('user_agent', 'Mozilla')] as const,
    ['ui', 'query', uiRule('query_string', 'utm')] as const,
  ].map(([kind, name, rule], index) => ({
    id: String(800 + index),
    key: `${kind}-${name}`,
    name,
    type: 'transient',
    rules: rule,
  }));
  project.audiences.push(...audiences);
  project.experiences.push(
    {
      ...first,
      id: '201',
      key: HOSTILE_KEY,
      variations: (first as { variations: object[] }).variations.map((each, index) => ({
        ...each,
        id: `201${index}`,
        key: `${HOSTILE_KEY}${index}`,
      })),
    },
    {
      ...first,
      id: '202',
      key: 'reads-everything',
      audiences: audiences.map(({ id }) => id),
      variations: [
        { id: '2020', key: 'on', name: 'on', status: 'running', traffic_allocation: 100, changes: [] },
      ],
    },
  );
  return project;
}
