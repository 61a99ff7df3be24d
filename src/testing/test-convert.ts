/**
 * The test double: what the adapters mount in an app's own tests. Answers are fixed, nothing is sent, nothing waits.
 */
import { createConvertWith } from '../convert/convert.js';
import type { Convert } from '../convert/types.js';
import { fixedEngine } from '../engine/fixed-engine.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions } from '../options/types.js';
import type { ProjectSink } from '../project/types.js';
import { memoryStore, type MemoryStore } from '../store/memory-store.js';
import { ConvertError } from '../utils/errors.js';
import { assertOptions, given, text } from '../utils/option-checks.js';
import { type Answer, type Answers, projectOf } from './answers.js';
import { createRecorder, type RecordedConversion, type RecordedExposure } from './recorder.js';

/** A `Convert` with fixed answers, and with what would be sent to be asserted on. */
export interface TestConvert extends Convert {
  /**
   * What was exposed so far, the oldest first: a new list at each reading. Reading it commits what requests under way
   * have decided, as `flush()` does, so that all of a request is there as soon as its response is.
   */
  readonly exposures: readonly RecordedExposure[];
  /** What was converted so far, as `exposures`. A conversion with `conversionData` is one entry. */
  readonly conversions: readonly RecordedConversion[];
  /**
   * Another answer from now on, for visitors who had the one before, too.
   *
   * @throws ConvertError `CONVERT_BAD_OPTION`
   */
  answer(experienceKey: string, answer: Answer): void;
  /** As new: forgets what was recorded and what is stored of visitors, and gives the first answers again. */
  reset(): void;
}

/** What answers, and what is stored and sent, is the double's own. */
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
  'shutdown',
  'waitUntil',
] as const;

/** Those of `createConvert` that are about requests: identity, consent, bots, properties. */
export type TestConvertOptions<Raw = unknown> = Omit<ConvertOptions<Raw>, (typeof OWN)[number]>;

/** More than a test brings, and small to make. */
const MAX_VISITORS = 10_000;

/**
 * A test double for an app's own tests: `convertMiddleware(testConvert({ 'homepage-hero': 'version-b' }))`, or
 * `fastify.register(convertPlugin, { convert: testConvert(...) })`. Everybody gets the variation that the answers name;
 * an experience without an answer is `not-found`, which is logged once. Every goal is known. Identity, cookies, consent
 * and what counts once are those of production.
 *
 * Nothing is fetched or sent, no environment variable is read, and nothing keeps the process alive. Bots are visitors
 * (`bots: 'include'`) unless told otherwise, since test clients look like them.
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
          read: (key) => visitors.read(key),
          commit: (...commit: Parameters<MemoryStore['commit']>) => visitors.commit(...commit),
          delete: (key) => visitors.delete(key),
        },
      },
      {},
    ),
    (outbox) => recorder.outbox(outbox),
  );

  const told = new Set<string>();
  convert.on('decision', ({ experienceKey, reason }) => {
    if (reason !== 'not-found' || told.has(experienceKey)) return;
    told.add(experienceKey);
    const known = Object.keys(current).map((key) => `'${key}'`);
    convert.logger.warn(
      `convert: testConvert() has no answer for the experience '${experienceKey}', so nobody is in it; it has answers` +
        ` for ${known.join(', ') || 'none'}. If nobody should be, give it null`,
    );
  });

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
        // What is under way belongs to the test before.
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
    `${own.map((name) => `option \`${name}\``).join(', ')}: not for testConvert(), where the answers are the project and` +
      ' nothing is sent; leave it out',
  );
}
