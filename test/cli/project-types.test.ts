/** The declarations that are made of a project: sorted, escaped, and with the types of variables. */
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { projectTypes } from '../../src/cli/project-types.js';
import { type ExperienceConfig, type ProjectConfig } from '../../src/model/project-config.js';
import { adoptProject } from '../../src/project/parse-config.js';
import { testProject } from '../support/project.js';

const lines = (config: ProjectConfig | ProjectConfig[], environment?: string): string[] =>
  projectTypes([config].flat(), environment)
    .text.split('\n')
    .map((line) => line.trim());

const { account_id, project } = testProject();
const only = (more: Partial<ProjectConfig>): ProjectConfig => ({ account_id, project, ...more });

/** An experience whose variations carry the feature 1 with these variables. */
const carrying = (...all: (Record<string, unknown> | undefined)[]): ExperienceConfig[] => [
  {
    id: '1',
    key: 'e',
    variations: all.map((variables, n) => ({
      id: `1${n}`,
      key: `v${n}`,
      changes: [{ type: 'fullStackFeature', data: { feature_id: 1, variables_data: variables } }],
    })),
  },
];

it('has the keys of a project, without what is archived', () => {
  const { text, counts } = projectTypes([testProject()]);
  expect(text).toMatchInlineSnapshot(`
    "/* eslint-disable */
    // Made by \`npx convert-middleware types\` from the project config: what is changed here by hand is lost.
    import type {} from 'convert-middleware';

    declare module 'convert-middleware' {
      interface ConvertProject {
        experiences: {
          featured: 'original' | 'version-b';
          'german-pricing': 'original' | 'version-b';
          'homepage-hero': 'original' | 'version-b';
          'live-only': 'original' | 'version-b';
          nobody: 'a';
          'spring-sale': 'original' | 'version-b';
        };
        goals: {
          purchase: true;
          signup: true;
        };
        features: {
          'checkout-button': { caption: string; price: number };
          'unused-feature': {};
        };
      }
    }
    "
  `);
  expect(counts).toEqual({ experiences: 6, goals: 2, features: 2 });
});

it('keeps the keys of what is paused in a project file', () => {
  const variations = ['a', 'b'];
  const experiences = { resting: { variations, paused: true }, over: { variations, archived: true } };
  const written = lines(adoptProject({ experiences }, 'the test')).join();
  expect(written).toContain("resting: 'a' | 'b';");
  expect(written).not.toContain('over');
});

it('has the same text whatever the order of the config is', () => {
  const config = testProject();
  const turned = testProject();
  for (const name of ['experiences', 'goals', 'features'] as const) turned[name]!.reverse();
  for (const { variations } of turned.experiences!) variations!.reverse();
  expect(projectTypes([turned])).toEqual(projectTypes([config]));
});

it('leaves out other environments, if one is given', () => {
  expect(lines(testProject()).join()).toContain('live-only');
  expect(lines(testProject(), 'staging').join()).not.toContain('live-only');
});

it('types variables as they are declared, and says which a variation leaves out', () => {
  const variables = ['string', 'integer', 'float', 'boolean', 'json', 'colour'].map((type) => ({
    key: `a-${type}`,
    type,
  }));
  const all = Object.fromEntries(variables.map(({ key }) => [key, '1']));
  const features = [{ id: '1', key: 'f', variables }];
  const typed = (...carried: (Record<string, unknown> | undefined)[]): string =>
    lines(only({ features, experiences: carrying(...carried) })).find((line) => line.startsWith('f:'))!;
  expect(typed(all)).toBe(
    "f: { 'a-boolean': boolean; 'a-colour': unknown; 'a-float': number; 'a-integer': number; 'a-json': unknown; " +
      "'a-string': string };",
  );
  expect(typed(all, { 'a-json': '{}' })).toMatch(/^f: \{ 'a-boolean'\?: boolean; .*'a-json': unknown;/);
  expect(typed(all, undefined)).toMatch(/^f: \{ 'a-boolean'\?: .* \| undefined;$/);
});

it('writes keys of any kind as texts that TypeScript reads', () => {
  const keys = [
    "it's",
    'a"b',
    'back\\slash',
    'two\nlines',
    '*/',
    '`${x}`',
    '\u2028',
    'ü',
    '__proto__',
    '7',
    'ok',
  ];
  const written = lines(only({ goals: keys.map((key, n) => ({ id: `${n}`, key })) }));
  const from = written.indexOf('goals: {') + 1;
  const literals = written.slice(from, from + keys.length).map((line) => line.replace(': true;', ''));
  const read = literals.map((each) => (/^\w+$/.test(each) ? each : (runInNewContext(each) as string)));
  expect(read.sort()).toEqual(keys.sort());
});

it('has the keys of all projects of a program; what two of them have stands for both', () => {
  const feature = (key: string, ...types: [string, string][]) => ({
    ...{ id: '1', key, variables: types.map(([name, type]) => ({ key: name, type })) },
  });
  const shop = only({
    experiences: carrying({ price: 1, caption: 'a' }),
    goals: [{ id: '1', key: 'purchase' }],
    features: [feature('button', ['price', 'integer'], ['caption', 'string'])],
  });
  const outlet = only({
    experiences: carrying({ price: '1' }, { price: '2' }, { price: '3' }),
    goals: [
      { id: '2', key: 'purchase' },
      { id: '3', key: 'signup' },
    ],
    features: [feature('button', ['price', 'string']), { id: '4', key: 'banner' }],
  });
  const all = lines([outlet, shop]);
  expect(all).toEqual(lines([shop, outlet]));
  expect(all.slice(6, -3)).toEqual([
    ...[
      'experiences: {',
      "e: 'v0' | 'v1' | 'v2';",
      '};',
      'goals: {',
      'purchase: true;',
      'signup: true;',
      '};',
    ],
    ...['features: {', 'banner: {};', 'button: { caption?: string; price: number | string };', '};'],
  ]);
});

it('has types for a project without anything', () => {
  expect(lines(only({})).filter((line) => line.endsWith(': {};'))).toEqual([
    'experiences: {};',
    'goals: {};',
    'features: {};',
  ]);
});
