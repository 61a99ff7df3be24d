/** Cases that once differed, in their smallest form. */
import type { ParityCase } from './judge.js';
import type { Fields, Step, VisitorCase } from './visitors.js';

type Doing<Each extends Step = Step> = Each extends Step ? Omit<Each, 'project'> : never;

const variation = (id: unknown, fields: Fields = {}): Fields => ({
  id,
  key: `variation-${String(id)}`,
  ...fields,
});
const experience = (id: string, key: string, fields: Fields = {}): Fields => ({
  id,
  key,
  settings: { matching_options: { audiences: 'any' } },
  variations: [variation('11')],
  ...fields,
});
const rule = (key: string, match_type: string, value: unknown, negated = false): Fields => ({
  OR: [{ AND: [{ OR_WHEN: [{ key, value, matching: { match_type, negated } }] }] }],
});
const carrying = (feature_id: unknown, variables_data: unknown): Fields => ({
  changes: [{ type: 'fullStackFeature', data: { feature_id, variables_data } }],
});

function found(project: Fields, steps: readonly Doing[], visitor: Partial<VisitorCase> = {}): ParityCase {
  return {
    projects: [{ account_id: '1', project: { id: '2' }, ...project }],
    visitors: [
      {
        id: 'v0',
        state: {},
        location: {},
        visitor: {},
        environment: 'staging',
        memo: true,
        ...visitor,
        steps: steps.map((step): Step => ({ project: 0, ...step })),
      },
    ],
  };
}

const ONE: Doing[] = [{ do: 'experience', key: 'one', attributes: {} }];

export const FOUND: Readonly<Record<string, ParityCase>> = {
  'changes that are a text': found(
    { experiences: [experience('1', 'one', { variations: [variation('11', { changes: 'changes' })] })] },
    ONE,
  ),
  'variations that are null': found({ experiences: [experience('1', 'one', { variations: null })] }, ONE),
  'two experiences with one id: whose key and name': found(
    { experiences: [experience('20', 'one', { name: 'One' }), experience('20', 'two', { name: 'Two' })] },
    [{ do: 'experiences', attributes: {} }],
  ),
  'two experiences with one id: whose variations, where a key keeps the first from being found': found(
    {
      experiences: [
        experience('1', 'two'),
        experience('20', 'two', { variations: [variation('11'), variation('v')] }),
        experience('20', 'three', { variations: [variation('11', { status: 'stopped' })] }),
      ],
    },
    [{ do: 'experience', key: 'three', attributes: { forceVariationId: 'v' } }],
  ),
  'a variation whose id is the text undefined': found(
    { experiences: [experience('1', 'one', { variations: [variation('undefined')] })] },
    ONE,
  ),
  'a stored variation that is null, and one whose id is the text null': found(
    { experiences: [experience('1', 'one', { variations: [variation('null'), variation('2')] })] },
    ONE,
    { state: { bucketing: { 1: null as unknown as string } } },
  ),
  'a stored variation that is blank, and one whose id is blank': found(
    { experiences: [experience('1', 'one', { variations: [variation(''), variation('2')] })] },
    ONE,
    { state: { bucketing: { 1: '' } } },
  ),
  'declared variables that are no list, and none to cast': found(
    {
      experiences: [experience('1', 'one', { variations: [variation('11', carrying('8', {}))] })],
      features: [{ id: '8', key: 'feature', variables: {} }],
    },
    [{ do: 'feature', key: 'feature', attributes: {} }],
  ),
  'a variable that can not be cast, where it is not to be': found(
    {
      experiences: [
        experience('1', 'one', { variations: [variation('11', carrying('8', { a: { toString: 1 } }))] }),
      ],
      features: [{ id: '8', key: 'feature', variables: [{ key: 'a', type: 'string' }] }],
    },
    [{ do: 'feature', key: 'feature', attributes: { typeCasting: false } }],
  ),
  'a feature whose id is no text': found(
    {
      experiences: [experience('1', 'one', { variations: [variation('11', carrying(true, {}))] })],
      features: [{ id: true, key: 'feature' }],
    },
    [{ do: 'features', attributes: {} }],
  ),
  'a location that does not match, twice in what is stored': found(
    {
      experiences: ['one', 'two', 'three'].map((key, n) => experience(String(n), key, { locations: ['5'] })),
      locations: [{ id: '5', key: 'home', rules: rule('path', 'matches', '/') }],
    },
    [{ do: 'experiences', attributes: {} }],
    { location: { path: '/other' }, state: { locations: ['home', 'home'] } },
  ),
  'a stored segment with the name of the prototype': found(
    {
      experiences: [experience('1', 'one', { audiences: ['5'] })],
      audiences: [{ id: '5', key: 'audience', type: 'transient', rules: rule('__proto__', 'equals', 'a') }],
      features: [{ id: '8', key: 'feature' }],
    },
    [{ do: 'feature', key: 'feature', attributes: {} }],
    { state: { segments: { ['__proto__']: 'a' } } },
  ),
  'goal rules that are neither true nor false': found(
    { goals: [{ id: '71', key: 'goal', rules: rule('a', '_returnNegationCheck', 0) }] },
    [{ do: 'conversion', key: 'goal', attributes: { ruleData: { a: { A: 'a' } } } }],
  ),
  'a segment whose rules give an error': found(
    { segments: [{ id: '41', key: 'segment', rules: rule('a', '_returnNegationCheck', false) }] },
    [{ do: 'segments', keys: ['segment'], attributes: { ruleData: { a: 'convert.com_no_data_found' } } }],
  ),
  'a segment whose id is no text': found(
    { segments: [{ id: false, key: 'segment', rules: rule('a', 'doesNotExist', 'a') }] },
    [{ do: 'segments', keys: ['segment'], attributes: {} }],
  ),
  'an exposure that is owed, with a feature that the experience does not carry': found(
    { experiences: [experience('1', 'one')], features: [{ id: '8', key: 'feature' }] },
    [{ do: 'feature', key: 'feature', attributes: {} }],
    { state: { bucketing: { 1: '11' }, unexposed: ['1'] } },
  ),
};
