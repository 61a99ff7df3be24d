/** Rules in one line, judged by whom the engine lets in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import { LOCATION_NAMES, VISITOR_NAMES } from '../../../src/model/property-names.js';
import { adoptProject } from '../../../src/project/parse-config.js';
import { LineProblem, rulesOf, type Subject } from '../../../src/project/short-form/rule-line.js';
import { LOCATION_PROPERTIES, VISITOR_PROPERTIES } from '../../../src/request/property-tables.js';
import { CLICK_IDS } from '../../../src/request/query-parameters.js';
import { visitor } from '../../engine/conformance.js';

function matcher(audience: string): (properties: Record<string, unknown>) => boolean {
  const project = { experiences: { e: { variations: ['a'], audience } } };
  const loaded = compiledEngine().load(adoptProject(project, 'the test'));
  return (properties) => loaded.experience('e', visitor({ visitor: properties }), {}).variation !== null;
}

describe('a line of rules', () => {
  it.each<[string, Record<string, unknown>[], Record<string, unknown>[]]>([
    ['country is US', [{ country: 'US' }, { country: 'us' }], [{ country: 'USA' }, {}]],
    ['country is not US', [{ country: 'DE' }], [{ country: 'US' }, {}]],
    ['country is one of US, CA', [{ country: 'US' }, { country: 'ca' }], [{ country: 'DE' }, {}]],
    ['country is none of US,CA', [{ country: 'DE' }], [{ country: 'US' }, { country: 'CA' }, {}]],
    ['mobile is true', [{ mobile: true }], [{ mobile: false }]],
    ['city contains york', [{ city: 'New York' }], [{ city: 'Boston' }]],
    ['city does not contain york', [{ city: 'Boston' }], [{ city: 'New York' }]],
    ['plan starts with pro', [{ plan: 'pro-2' }], [{ plan: 'no-pro' }]],
    ['plan ends with "-2"', [{ plan: 'pro-2' }], [{ plan: 'pro-22' }]],
    ["plan matches '^pro(-[0-9]+)?$'", [{ plan: 'pro-22' }, { plan: 'PRO' }], [{ plan: 'pro-' }]],
    ['browserVersion is below 120', [{ browserVersion: '119.5' }], [{ browserVersion: '120' }]],
    ['browserVersion is at most 120', [{ browserVersion: 120 }], [{ browserVersion: 121 }, {}]],
    ['browserVersion is above 120', [{ browserVersion: 121 }], [{ browserVersion: 120 }]],
    ['browserVersion is at least 120', [{ browserVersion: 120 }], [{ browserVersion: 119 }, {}]],
    ['plan exists', [{ plan: 'x' }], [{}]],
    ['plan does not exist', [{}], [{ plan: 'x' }]],
    ['city IS "New York" And mobile is true', [{ city: 'new york', mobile: true }], [{ city: 'New York' }]],
    ['a is 1 and b is 1 or c is 1', [{ a: 1, b: 1 }, { c: 1 }, { a: 1, c: 1 }], [{ a: 1 }, { b: 1 }]],
    ['word is "and"', [{ word: 'and' }], [{ word: 'or' }]],
  ])('%s', (line, inside, outside) => {
    const matches = matcher(line);
    expect(inside.map(matches)).toEqual(inside.map(() => true));
    expect(outside.map(matches)).toEqual(outside.map(() => false));
  });

  it('is an OR of ANDs, however its words are written', () => {
    const value = fc.constantFrom('x', 'y', 'z w', 'or');
    const rule = fc.record({
      name: fc.constantFrom('p', 'q', 'utm_source'),
      operator: fc.constantFrom('is', 'IS NOT', 'is one of', 'is  none Of'),
      values: fc.array(value, { minLength: 1, maxLength: 3 }),
    });
    const branches = fc.array(fc.array(rule, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
    const properties = fc.record({ p: value, q: value, utm_source: value });
    const isList = (operator: string): boolean => /of/i.test(operator);
    fc.assert(
      fc.property(
        branches,
        fc.array(properties, { maxLength: 5 }),
        fc.constantFrom('"', "'"),
        (all, people, quote) => {
          const written = ({ name, operator, values }: (typeof all)[number][number]): string => {
            const given = (isList(operator) ? values : values.slice(0, 1)).map(
              (each) => `${quote}${each}${quote}`,
            );
            return `${name} ${operator}  ${given.join(' , ')}`;
          };
          const matches = matcher(all.map((branch) => branch.map(written).join(' AND ')).join(' or '));
          for (const person of people) {
            const holds = ({ name, operator, values }: (typeof all)[number][number]): boolean => {
              const among = isList(operator) ? values : values.slice(0, 1);
              return among.includes(person[name as 'p']) !== /not|none/i.test(operator);
            };
            expect(matches(person)).toBe(all.some((branch) => branch.every(holds)));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a line that can not be read', () => {
  it.each<[string, string, Subject?]>([
    ['', 'at its end: here, the name of a property is meant'],
    ['country', 'at its end: here, an operator is meant: is, is not'],
    ['country = US', 'character 9 (=): here, an operator is meant'],
    ['country is', "at its end: here, a value is meant, after 'is'"],
    ['country is not', "at its end: here, a value is meant, after 'is not'"],
    ['country is one of US,', "at its end: here, a value is meant, after ','"],
    ['country is US and', 'at its end: here, the name of a property is meant'],
    ['country is US or or', 'character 18 (or): here, the name of a property is meant'],
    [
      'country is and',
      "character 12 (and): here, a value is meant, after 'is'; a value such as 'and' stands in quotes",
    ],
    [
      'city is New York',
      "character 13 (York): here, the line ends or goes on with 'and' or 'or'; a value of several words stands in quotes: 'New York'",
    ],
    ['plan exists yes', 'character 13 (yes): here, the line ends'],
    ['"plan" is pro', 'character 1 (plan): here, the name of a property is meant'],
    ['plan is "pro', 'character 9 ("): here, a value is meant'],
    ['path is /', 'character 1 (path): the property path is about the page: write the rule as `location`'],
    [
      'path is / and country is US',
      'character 15 (country): the property country is about the visitor: write the rule as `audience`',
      'page',
    ],
  ])('%j is refused with its place', (line, problem, subject = 'visitor') => {
    expect(() => rulesOf(line, subject)).toThrow(problem);
  });

  it('never fails in another way', () => {
    const words = fc.constantFrom(
      'is',
      'not',
      'one',
      'of',
      ',',
      'and',
      'or',
      'does',
      'exist',
      '"',
      "'",
      'x',
      'exists',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words).map((each) => each.join(' ')),
    );
    fc.assert(
      fc.property(texts, (line) => {
        try {
          expect(rulesOf(line, 'page').OR!.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(LineProblem);
        }
      }),
    );
  });
});

it('the names of properties are those that requests have', () => {
  expect([...LOCATION_NAMES]).toEqual(Object.keys(LOCATION_PROPERTIES));
  const clicks: readonly string[] = CLICK_IDS;
  const names = Object.keys(VISITOR_PROPERTIES.readable).filter((name) => !clicks.includes(name));
  expect([...VISITOR_NAMES].sort()).toEqual(names.sort());
});
