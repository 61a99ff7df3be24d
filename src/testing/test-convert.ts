/** A `Convert` for an app's own tests: its decisions are fixed, and it sends nothing. */
import { createConvertWith } from '../convert/convert.js';
import type { Convert } from '../convert/types.js';
import { fixedEngine } from '../engine/fixed-engine.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions } from '../options/types.js';
import type { ExperienceKey } from '../model/project-keys.js';
import type { ProjectSink } from '../project/types.js';
import { isBotClient, parseUserAgent } from '../request/user-agent/parse-user-agent.js';
import { userAgentParser } from '../request/user-agent/parser.js';
import { memoryStore, type MemoryStore } from '../store/memory-store.js';
import { ConvertError } from '../utils/errors.js';
import { assertOptions, given, text } from '../utils/option-checks.js';
import { type Answer, type Answers, projectOf } from './answers.js';
import { createRecorder, type RecordedConversion, type RecordedExposure } from './recorder.js';

/** A `Convert` with fixed answers, which records the events that it would send, for assertions. */
export interface TestConvert extends Convert {
  /**
   * The exposures so far, the oldest first: a new list at each reading. Reading the list commits the decisions of
   * requests that are under way, as `flush()` does, so that the exposures of a request are in the list as soon as its
   * response is there.
   */
  readonly exposures: readonly RecordedExposure[];
  /**
   * The conversions so far, the oldest first. Reading the list commits, as with `exposures`. A conversion with
   * `conversionData` is one entry.
   */
  readonly conversions: readonly RecordedConversion[];
  /**
   * Replaces the answer for an experience, also for visitors who have had the answer before.
   *
   * @throws ConvertError `CONVERT_BAD_OPTION`
   */
  answer<Key extends ExperienceKey>(experienceKey: Key, answer: Answer<Key>): void;
  /** Puts the test double back to its start: no events, no stored visitors, and the first answers again. */
  reset(): void;
}

/** The options that `testConvert()` sets itself: the app can not give them. */
const OWN = [
  'sdkKey',
  'sdkKeySecret',
  'environment',
  'project',
  'projectCache',
  'refreshInterval',
  'readyTimeout',
  'engine',
  'strictSdk',
  'uiRules',
  'store',
  'storeTimeout',
  'storeCache',
  'delivery',
  'endpoints',
  'transport',
  'shutdown',
  'waitUntil',
] as const;

/** The options of `createConvert` that are about requests: identity, consent, bots, properties and the like. */
export type TestConvertOptions<Raw = unknown> = Omit<ConvertOptions<Raw>, (typeof OWN)[number]>;

/** The most visitors that the memory store keeps: more than a test has. */
const MAX_VISITORS = 10_000;

/**
 * Makes a test double for an app's own tests: `convertMiddleware(testConvert({ 'homepage-hero': 'version-b' }))`, or
 * `fastify.register(convertPlugin, { convert: testConvert(...) })`. Every visitor gets the variation that the answers
 * name; an experience without an answer is `not-found`, which is logged once. Every goal is known. Identity, cookies,
 * consent, and the rules that count an exposure or a conversion once are those of production.
 *
 * Nothing is fetched or sent, no environment variable is read, and nothing keeps the process alive. Bots are visitors
 * (`bots: 'include'`) unless the options say otherwise, since test clients look like bots.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` for answers and options that are wrong
 */
export function testConvert<Raw = unknown>(
  answers: Answers = {},
  options: TestConvertOptions<Raw> = {},
): TestConvert {
  assertNotOwn(options);
  const firstProject = projectOf(answers);
  const firstAnswers = { ...answers };
  let current: Answers = firstAnswers;
  let sink: ProjectSink | undefined;
  let visitors = memoryStore({ max: MAX_VISITORS });
  // Tests of an app may use the double at once.
  userAgentParser.provide({ parseUserAgent, isBotClient });
  const recorder = createRecorder();

  const convert = createConvertWith(
    resolveOptions(
      {
        ...options,
        bots: options.bots ?? 'include',
        engine: fixedEngine(),
        project: {
          description: 'the answers of testConvert()',
          start(to) {
            sink = to;
            to.config(firstProject);
          },
          stop() {},
        },
        store: {
          remote: false,
          read: (...read: Parameters<MemoryStore['read']>) => visitors.read(...read),
          commit: (...commit: Parameters<MemoryStore['commit']>) => visitors.commit(...commit),
          delete: (key) => visitors.delete(key),
        },
      },
      {},
    ),
    (outbox) => recorder.outbox(outbox),
  );

  return Object.defineProperties(
    convert,
    Object.getOwnPropertyDescriptors({
      get exposures() {
        void convert.flush();
        return [...recorder.exposures];
      },
      get conversions() {
        void convert.flush();
        return [...recorder.conversions];
      },
      answer(experienceKey: string, answer: Answer) {
        assertOptions((key) => text(key, 'experienceKey'), experienceKey);
        const next = { ...current, [experienceKey]: answer };
        const project = projectOf(next);
        current = next;
        sink?.config(project);
      },
      reset() {
        // Requests that are still under way belong to the test before: commit them before the lists are emptied.
        void convert.flush();
        recorder.exposures = [];
        recorder.conversions = [];
        visitors = memoryStore({ max: MAX_VISITORS });
        current = firstAnswers;
        sink?.config(firstProject);
      },
    }),
  ) as TestConvert;
}

function assertNotOwn(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `the options of testConvert() must be an object (given ${given(options)})`,
    );
  }
  const own = OWN.filter((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (own.length === 0) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `${own.map((name) => `option \`${name}\``).join(', ')}: not for testConvert(), where the answers are ` +
      `the project and` +
      ' nothing is sent; leave it out',
  );
}
