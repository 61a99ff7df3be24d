/** The JSON Schema of project files says what this package takes: for editors. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import schema from '../../../project.schema.json' with { type: 'json' };
import { adoptProject } from '../../../src/project/parse-config.js';
import { testProject } from '../../support/project.js';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

const documented = ['reference/project-file.md', 'start/getting-started.md'].flatMap((page) =>
  [...readFileSync(`docs/${page}`, 'utf8').matchAll(/^```json\n([^]*?)^```$/gm)].map(
    ([, json]) => JSON.parse(json!) as unknown,
  ),
);
const example = (path: string): unknown => JSON.parse(readFileSync(`examples/${path}`, 'utf8'));

const hero = ['original', 'version-b'];

it.each([
  ...documented,
  example('project.json'),
  example('starters/convert.json'),
  example('shop/project.json'),
  testProject(),
  { account_id: 1, project: { id: 2 }, experiences: [], goals: null },
  { experiences: {} },
  {
    id: 7,
    experiences: { hero: { variations: hero, paused: true }, old: { variations: hero, archived: true } },
  },
  { experiences: { hero, price: { a: 70, b: { weight: 30 } }, late: { variations: { a: {} }, traffic: 0 } } },
])('takes what is taken: %j', (project) => {
  expect(validate(project), JSON.stringify(validate.errors)).toBe(true);
  expect(() => adoptProject(project, 'the test')).not.toThrow();
});

it('the documentation shows project files', () => {
  expect(documented).toHaveLength(2);
});

it.each([
  {},
  { project: { id: 'shop' }, account_id: '1' },
  { account_id: '1', project: { id: '2' }, experiences: { hero } },
  { experiences: { hero }, goal: [] },
  { experiences: { hero }, goals: ['a', 'a'] },
  { experiences: { hero: [] } },
  { id: 'shop', experiences: { hero } },
  { experiences: { hero: { variations: hero, paused: 'yes' } } },
  { experiences: { hero: 'original' } },
  { experiences: { hero: { a: 120 } } },
  { experiences: { hero: { a: '50', b: '50' } } },
  { experiences: { hero: { variations: hero, trafic: 5 } } },
  { experiences: { hero: { a: { features: { f: { x: null } } } } } },
  { experiences: { hero }, audiences: { 'two words': 'country is US' } },
])('refuses what is refused: %j', (project) => {
  expect(validate(project)).toBe(false);
  expect(() => adoptProject(project, 'the test')).toThrow();
});
