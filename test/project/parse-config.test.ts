import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adoptProject, parseProject, validateProject } from '../../src/project/parse-config.js';
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
  it('returns the config with everything that it does not know', () => {
    const given = {
      ...project(),
      is_debug: true,
      experiences: [{ id: '1', key: 'a', anything: { deep: [1] } }],
    };
    expect(validateProject(json(given), 'the test')).toEqual(given);
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
      goals: [{ id: 3 }],
      segments: [{ id: 4 }],
      features: [{ id: 5 }],
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
      goals: [{ id: '3' }],
      segments: [{ id: '4' }],
      features: [{ id: '5' }],
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
    ['an audience that is null', { ...project(), audiences: [{ id: '1' }, null] }, 'audiences[1] is null'],
    [
      'an experience without id',
      { ...project(), experiences: [{ id: '1', key: 'a' }, { id: '2', key: 'b' }, { key: 'c' }] },
      'experiences[2].id is missing',
    ],
    [
      'an experience without key',
      { ...project(), experiences: [{ id: '1', key: '' }] },
      'experiences[0].key is an empty text',
    ],
    [
      'variations that are no list',
      { ...project(), experiences: [{ id: '1', key: 'a', variations: { '0': {} } }] },
      'experiences[0].variations is an object, not a list',
    ],
    [
      'a variation that is no object',
      { ...project(), experiences: [{ id: '1', key: 'a', variations: [{ id: '1', key: 'a' }, 5] }] },
      'experiences[0].variations[1] is a number',
    ],
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
