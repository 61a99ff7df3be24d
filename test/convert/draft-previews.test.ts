/** What is kept of drafts, for how long, and how many are asked for at one time. */
import { describe, expect, it } from 'vitest';
import { draftPreviews } from '../../src/convert/draft-previews.js';
import { compiledEngine } from '../../src/engine.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ProjectSource } from '../../src/project/types.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { draftProject } from '../support/project.js';

function setUp(draft: (id: string) => Promise<ProjectConfig | undefined>) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const errors: ConvertError[] = [];
  const clock = { time: 1_000_000 };
  const source: ProjectSource = {
    description: 'the source of the test',
    start: () => undefined,
    stop: () => undefined,
    draft(id) {
      asked.push(id);
      return draft(id);
    },
  };
  const drafts = draftPreviews(source, compiledEngine(), {
    report: (error) => void errors.push(error),
    warnOnce: (_code, _message, detail = '') => void warnings.push(detail),
    now: () => clock.time,
  })!;
  const find = (experienceId: string, variationId = '9010') => drafts.find({ experienceId, variationId });
  return { asked, clock, errors, find, warnings };
}

const found = (): Promise<ProjectConfig> => Promise.resolve(draftProject());

describe('drafts of preview links', () => {
  it('B8: an answer is kept for 60 s, for all variations of the experience', async () => {
    const { asked, clock, find } = setUp(found);
    expect((await find('901'))?.variation?.key).toBe('bold');
    clock.time += 59_999;
    expect((await find('901', '9011'))?.variation?.key).toBe('plain');
    expect(asked).toEqual(['901']);
    clock.time += 1;
    await find('901');
    expect(asked).toEqual(['901', '901']);
    // A clock that is set back far makes no answer last longer.
    clock.time -= 3_600_000;
    await find('901');
    expect(asked).toHaveLength(3);
  });

  it.each<[string, () => Promise<ProjectConfig | undefined>]>([
    ['there is no such experience', () => Promise.resolve(undefined)],
    ['the config does not hold it', found],
    ['the source failed', () => Promise.reject(new Error('down'))],
  ])('B8: so is the answer that %s', async (_what, draft) => {
    const { asked, clock, errors, find, warnings } = setUp(draft);
    for (let n = 0; n < 2; n++) expect(await find('777')).toBeUndefined();
    expect(asked).toEqual(['777']);
    expect(warnings.length + errors.length).toBe(1);
    clock.time += 60_000;
    await find('777');
    expect(asked).toHaveLength(2);
  });

  it('B8: a variation that the draft does not have is told of', async () => {
    const { find, warnings } = setUp(found);
    expect(await find('901', '1')).toBeUndefined();
    expect(warnings).toEqual(['unknown']);
  });

  it('B8: an answer that is no config is an error', async () => {
    const { errors, find } = setUp(() => Promise.resolve({ error: 'no' } as unknown as ProjectConfig));
    expect(await find('901')).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'CONVERT_PROJECT_UNREACHABLE' }]);
    expect(errors[0]!.message).toContain('the source of the test is not a Convert project config');
  });

  it('B8: the answers of 100 experiences are kept, the ones used last', async () => {
    const { asked, find } = setUp(() => Promise.resolve(undefined));
    for (let id = 0; id < 100; id++) await find(String(id));
    await find('0');
    await find('100');
    await find('0');
    expect(asked).toHaveLength(101);
    await find('1');
    expect(asked).toHaveLength(102);
  });

  it('B8: at most 8 experiences are asked for at one time', async () => {
    const answers: (() => void)[] = [];
    const { asked, find, warnings } = setUp(
      () => new Promise((resolve) => answers.push(() => resolve(draftProject()))),
    );
    const all = Promise.all(Array.from({ length: 20 }, (_, n) => find(String(895 + n))));
    expect(asked).toHaveLength(8);
    for (const answer of answers) answer();
    expect((await all).map((each) => each?.variation?.key).filter((key) => key !== undefined)).toEqual([
      'bold',
    ]);
    expect(warnings).toContain('rush');
    // What was not asked for is not taken for an answer.
    const next = find('910');
    expect(asked).toHaveLength(9);
    answers.at(-1)!();
    await next;
  });
});
