/** Fields that a call does not read: the operator is told of each once, with the field that was probably meant. */
import { expect, it } from 'vitest';
import { UnknownFields } from '../../src/context/unknown-fields.js';
import { createConvert } from '../../src/convert/convert.js';
import type { WarnOnce } from '../../src/utils/operator-log.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

it('names the field that was meant, once, in each call', async () => {
  const lines: string[] = [];
  const log = (line: string): void => {
    if (line.includes('there is no field')) lines.push(messageOf(line));
  };
  const logger = { error: log, warn: log };
  const convert = createConvert({ project: testProject(), delivery: false, logger });
  const wrong = (name: string): never => ({ [name]: undefined, environment: 'staging' }) as never;
  for (const id of ['v1', 'v2']) {
    const visitor = await convert.forVisitor(id);
    visitor.runExperience('homepage-hero', wrong('enableTraking'));
    visitor.runExperiences(wrong('enableStorag'));
    visitor.peek('homepage-hero', wrong('locationPropertys'));
    visitor.explain('homepage-hero', wrong('visitorPropertys'));
    visitor.runFeature('checkout-button', wrong('typeCastin'));
    visitor.runFeatures(wrong('experienceKey'));
    visitor.trackConversion('purchase', { converionData: [] } as never);
    visitor.runCustomSegments([], { something: 1 } as never);
    // The official SDK takes it.
    visitor.runExperience('homepage-hero', { asyncStorage: true } as never);
  }
  const said = (call: string, name: string, meant: string): string =>
    `convert: ${call}: there is no field "${name}"; did you mean "${meant}"?`;
  expect(lines).toEqual([
    said('runExperience', 'enableTraking', 'enableTracking'),
    said('runExperiences', 'enableStorag', 'enableStorage'),
    said('peek', 'locationPropertys', 'locationProperties'),
    said('explain', 'visitorPropertys', 'visitorProperties'),
    said('runFeature', 'typeCastin', 'typeCasting'),
    said('runFeatures', 'experienceKey', 'experienceKeys'),
    said('trackConversion', 'converionData', 'conversionData'),
    'convert: runCustomSegments: there is no field "something"; it reads ruleData',
  ]);
  await convert.close();
});

it('tells of few fields, and quotes no text', () => {
  const told: Parameters<WarnOnce>[] = [];
  const fields = new UnknownFields((...each) => void told.push(each));
  fields.read('peek', { 'two\nlines': 1 });
  expect(told).toEqual([]);
  for (let n = 0; n < 100; n++) fields.read('peek', { [`field${n}`]: n });
  expect(told).toHaveLength(20);
});
