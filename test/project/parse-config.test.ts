import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { adoptProject, leftOut, parseProject, validateProject } from '../../src/project/parse-config.js';
import { ConvertError } from '../../src/utils/errors.js';
import { project } from './helpers.js';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function problemWith(value: unknown): string {
  try {
    validateProject(value, 'the test');
  } catch (error) {
    expect(error).toBeInstanceOf(ConvertError);
    expect((error as ConvertError).code).toBe('CONVERT_BAD_PROJECT');
    return (error as ConvertError).message;
  }
  return 'none';
}

describe('validateProject', () => {
  it('D9: drops the fields that it does not know, except those of a variation, which the app gets', () => {
    const known = {
      ...project(),
      experiences: [{ id: '1', key: 'a', status: 'active', variations: [{ id: '2', more: { of: 'it' } }] }],
      audiences: [{ id: '3', key: 'b', rules: { OR: [{ anything: 1 }] } }],
    };
    const given = {
      ...known,
      is_debug: true,
      project: { ...known.project, custom_js: 'x' },
      experiences: [{ ...known.experiences[0], anything: { deep: [1] } }],
      audiences: [{ ...known.audiences[0], url: '/' }],
    };
    expect(validateProject(json(given), 'the test')).toEqual(known);
  });

  const NAMED = ['experiences', 'goals', 'features'];
  const BY_ID = ['audiences', 'segments', 'locations'];
  it.each([...NAMED, ...BY_ID])(
    'D1: of %s, those that can not be used are left out, and the rest works',
    (list) => {
      const good = [
        { id: '1', key: 'a' },
        { id: '2', key: 'b' },
      ];
      const bad = [
        null,
        7,
        [],
        { key: 'c' },
        { id: null, key: 'd' },
        { id: '', key: 'e' },
        { id: {}, key: 'f' },
      ];
      const config = validateProject({ ...project(), [list]: [good[0], ...bad, good[1]] }, 'the test');
      expect(config).toMatchObject({ account_id: '100', [list]: good });
      expect(leftOut(config)).toEqual([
        `${list}[1] is null, not an object`,
        `${list}[2] is a number, not an object`,
        `${list}[3] is a list, not an object`,
        `${list}[4].id is missing`,
        `${list}[5].id is null`,
        `${list}[6].id is an empty text`,
        `${list}[7].id is an object`,
      ]);
    },
  );

  it.each([
    [null, 'null'],
    [undefined, 'missing'],
    [5, 'a number'],
    ['', 'an empty text'],
    [{}, 'an object'],
  ])('D1: with the key %j, an entity is left out if the app names it by the key', (key, kind) => {
    const given = Object.fromEntries(
      [...NAMED, ...BY_ID].map((list) => [list, [{ id: '1', key, variations: [{ id: '2', key }] }]]),
    );
    const config = validateProject({ ...project(), ...given }, 'the test') as unknown as Record<
      string,
      unknown[]
    >;
    expect(NAMED.map((list) => config[list])).toEqual([[], [], []]);
    expect(leftOut(config as never)).toEqual(NAMED.map((list) => `${list}[0].key is ${kind}`));
    // An experience without its audience would be open to everybody.
    expect(BY_ID.map((list) => config[list]!.length)).toEqual([1, 1, 1]);
  });

  it('D1: variations without an id are left out, and experiences whose lists are none', () => {
    const given = [
      { id: '1', key: 'a', variations: [null, { id: '11', key: null }, { key: 'x' }, 5] },
      { id: '2', key: 'b', variations: { '0': {} } },
      { id: '3', key: 'c', audiences: 'all' },
      { id: '4', key: 'd', locations: null, variations: null },
    ];
    const config = validateProject({ ...project(), experiences: given }, 'the test');
    expect(config.experiences).toEqual([
      { id: '1', key: 'a', variations: [{ id: '11', key: null }] },
      { id: '4', key: 'd', locations: null, variations: null },
    ]);
    expect(leftOut(config)).toEqual([
      'experiences[0].variations[0] is null, not an object',
      'experiences[0].variations[2].id is missing',
      'experiences[0].variations[3] is a number, not an object',
      'experiences[1].variations is an object, not a list',
      'experiences[2].audiences is a text, not a list',
    ]);
  });

  it('writes ids that are numbers as texts, wherever they stand', () => {
    const given = {
      account_id: 100,
      project: { id: 200 },
      experiences: [
        { id: 7, key: 'a', locations: [1], audiences: [2], goals: [3], variations: [{ id: 70 }] },
      ],
      archived_experiences: [8],
      locations: [{ id: 1 }],
      audiences: [{ id: 2 }],
      goals: [{ id: 3, key: 'b' }],
      segments: [{ id: 4 }],
      features: [{ id: 5, key: 'c' }],
    };
    expect(validateProject(given, 'the test')).toEqual({
      account_id: '100',
      project: { id: '200' },
      experiences: [
        { id: '7', key: 'a', locations: ['1'], audiences: ['2'], goals: ['3'], variations: [{ id: '70' }] },
      ],
      archived_experiences: ['8'],
      locations: [{ id: '1' }],
      audiences: [{ id: '2' }],
      goals: [{ id: '3', key: 'b' }],
      segments: [{ id: '4' }],
      features: [{ id: '5', key: 'c' }],
    });
  });

  it.each([
    ['nothing', undefined, 'it is missing'],
    ['a list', [], 'it is a list'],
    ['a text', 'hello', 'it is a text'],
    ['no account', { project: { id: '1' } }, 'account_id is missing'],
    [
      'an account that is a path',
      { account_id: '../1', project: { id: '1' } },
      'account_id is a text; it must be digits',
    ],
    [
      'a negative account',
      { account_id: -1, project: { id: '1' } },
      'account_id is a number; it must be digits',
    ],
    ['no project', { account_id: '1' }, 'project is missing'],
    [
      'a project that is a host',
      { account_id: '1', project: { id: 'evil.example/' } },
      'project.id is a text',
    ],
    [
      'experiences that are no list',
      { ...project(), experiences: {} },
      'experiences is an object, not a list',
    ],
    ['goals that are no list', { ...project(), goals: 'all' }, 'goals is a text, not a list'],
  ])('names the source and the place: %s', (_name, value, place) => {
    const message = problemWith(value);
    expect(message).toContain('the test is not a Convert project config');
    expect(message).toContain(place);
  });

  it('takes a null list for an absent one', () => {
    const config = validateProject({ ...project(), goals: null, archived_experiences: null }, 'the test');
    expect(config).not.toHaveProperty('goals');
    expect(config).not.toHaveProperty('archived_experiences');
  });

  it('takes an error message for an error, even beside a good config', () => {
    expect(problemWith({ ...project(), error: 'Project not found' })).toContain('Project not found');
    expect(problemWith({ error: { code: 403, message: 'no access' } })).toContain('no access');
    expect(problemWith({ error: 403 })).toContain('403');
    expect(problemWith({ error: true })).toContain('error message');
  });

  it('quotes of an error message one short line without anything that could be a credential', () => {
    const message = problemWith({
      error: `Key sk_live_4242 with token abcdefghijklmnopqrst\r\nis wrong\u001b[31m ${'really '.repeat(100)}`,
    });
    expect(message).toMatch(/Key \[\.\.\.\] with token \[\.\.\.\] is wrong/);
    expect(message).not.toMatch(/4242|abcdef|\p{Cc}/u);
    expect(message.length).toBeLessThan(250);
  });

  it('freezes to the bottom, so that a handler cannot edit what the next visitor gets', () => {
    const config = validateProject(json(project()), 'the test');
    const variation = config.experiences?.[0]?.variations?.[0];
    expect(() => Object.assign(variation ?? {}, { key: 'mine' })).toThrow(TypeError);
    expect(() => config.experiences?.push({ id: '9', key: 'mine' })).toThrow(TypeError);
  });

  it.each([
    ['__proto__', (text: string) => text.replace('{', '{"__proto__":{"goals":[],"polluted":1},')],
    [
      'experiences[0].__proto__',
      (text: string) => text.replace('"key":"hero"', '"key":"hero","__proto__":{"polluted":1}'),
    ],
  ])('refuses an entry %s, and pollutes nothing', (place, change) => {
    const given: unknown = JSON.parse(change(JSON.stringify(project())));
    expect(problemWith(given)).toContain(`: ${place} can be no entry of a config`);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('bears a config of any depth', () => {
    const deep = JSON.parse(`{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) as object;
    expect(validateProject({ ...project(), ...deep }, 'the test').account_id).toBe('100');
  });

  it('answers any JSON with a config or a ConvertError', () => {
    const list = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.oneof(fc.jsonValue(), fc.record({ id: fc.jsonValue(), key: fc.jsonValue() }))),
    );
    const near = fc.record(
      {
        account_id: fc.oneof(fc.constant('1'), fc.jsonValue()),
        project: fc.oneof(fc.constant({ id: 1 }), fc.jsonValue()),
        experiences: list,
        goals: list,
        error: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near), (value) => {
        const copy = json(value) as { error?: unknown } | undefined;
        if (problemWith(copy) !== 'none') return;
        // Validated once, validated for good.
        expect(validateProject(copy, 'again')).toBe(copy);
        expect(copy?.error).toBeFalsy();
      }),
    );
  });
});

describe('adoptProject', () => {
  it('leaves the object of the app alone', () => {
    const given = { ...project(), account_id: 100 };
    const config = adoptProject(given, 'the test');
    expect(config.account_id).toBe('100');
    given.project.id = '999';
    expect(config.project.id).toBe('200');
    expect(Object.isFrozen(given.experiences)).toBe(false);
  });

  it('does not copy again what was validated', () => {
    const config = adoptProject(project(), 'the test');
    expect(adoptProject(config, 'the test')).toBe(config);
  });

  it('refuses what is no JSON', () => {
    const circular: Record<string, unknown> = { ...project() };
    circular.self = circular;
    expect(() => adoptProject(circular, 'the test')).toThrow('the test cannot be written as JSON');
    expect(() => adoptProject(() => {}, 'the test')).toThrow('not an object');
  });
});

describe('parseProject', () => {
  const around = (x: string): Buffer => Buffer.from(JSON.stringify(project()).replace('{', `{"x":${x},`));

  it.each([
    ['deeper than 64', around('['.repeat(64) + ']'.repeat(64)), 'nested more than 64 levels deep'],
    ['deep in objects', around('{"x":'.repeat(64) + '1' + '}'.repeat(64)), 'nested more than 64 levels deep'],
    ['deep enough for a stack', around('['.repeat(2e6) + ']'.repeat(2e6)), 'nested more than 64 levels deep'],
    ['of many objects', around(`[${'{},'.repeat(500_000)}1]`), 'more than 500000 values'],
    ['of many numbers', around(`[${'1,'.repeat(500_000)}1]`), 'more than 500000 values'],
    ['of many bytes', around(`"${'x'.repeat(5 * 1024 * 1024)}"`), 'larger than 5242880 bytes'],
    ['never closed', Buffer.from('['.repeat(65)), 'nested more than 64 levels deep'],
  ])('D9: refuses a text before it is parsed: %s', (_name, body, problem) => {
    const parse = vi.spyOn(JSON, 'parse');
    expect(() => parseProject(body, 'the test')).toThrow(problem);
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  it('D9: takes what is within the limits, whatever stands in its texts', () => {
    const texts = JSON.stringify([`["{,\\\\`, '\\\\"[', '['.repeat(1_000), ','.repeat(600_000), 'ä€💶[']);
    for (const x of ['['.repeat(63) + ']'.repeat(63), `[${'1,'.repeat(499_000)}1]`, texts]) {
      expect(parseProject(around(x), 'the test')).toEqual(project());
    }
    const long = around(`"${'x'.repeat(6 * 1024 * 1024)}"`);
    expect(parseProject(long, 'the test', { maxBytes: 7 * 1024 * 1024 })).toEqual(project());
  });

  it('reads JSON with and without a byte order mark', () => {
    const text = JSON.stringify(project());
    expect(parseProject(Buffer.from(text), 'the test')).toEqual(project());
    expect(parseProject(Buffer.from(`\uFEFF${text}`), 'the test')).toEqual(project());
  });

  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['<!doctype html><title>Sign in</title>', 'HTML'],
    [JSON.stringify(project()).slice(0, -20), 'cut off'],
    ['{\n  "experiences": {\n    "a": ["x", "y"],\n  }\n}', 'see line 4, column 3: a comma too many'],
    ['{\n  "experiences": {} // all of them\n}', 'see line 2, column 21'],
    ['// mine\n{}', 'begins with a comment'],
  ])('says what came instead: %j', (text, word) => {
    expect(() => parseProject(Buffer.from(text), 'the test')).toThrow(word);
  });

  it('never quotes the text', () => {
    let error: unknown;
    try {
      parseProject(Buffer.from('topsecret'), 'the test');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConvertError);
    expect(inspect(error)).not.toContain('topsecret');
  });
});
