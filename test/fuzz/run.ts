/** Sends hostile requests to one framework, and says what became of them. */
import { type Framework, FRAMEWORKS, type FuzzApp, SETTINGS, startApp } from './apps.js';
import { wrongWith } from './judge.js';
import { corpus, type FuzzRequest, requestsFrom } from './requests.js';
import { startSink } from './sink.js';
import { MARK } from './texts.js';
import { type Answer, exchange, REFUSED } from './wire.js';

export { FRAMEWORKS } from './apps.js';

export interface FuzzRun {
  readonly framework: Framework;
  /** Requests, those of the corpus included. */
  readonly count: number;
  readonly seed: number;
  /** Where the files of the corpus are. */
  readonly corpusAt?: URL;
  /** Called now and then, when no request is under way. */
  readonly onProgress?: (sent: number) => void | Promise<void>;
}

export interface FuzzSummary {
  readonly sent: number;
  /** How many got which status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Whose connection the parser of the server ended. */
  readonly refused: number;
  /** That the collector got. */
  readonly events: number;
  /** Each with its request, where there is one: at most some. */
  readonly failures: readonly string[];
}

/** Requests that are written at once. */
const BATCH = 100;
const PROGRESS = 5_000;
const MAX_FAILURES = 10;

export async function fuzz({ framework, count, seed, corpusAt, onProgress }: FuzzRun): Promise<FuzzSummary> {
  const failures: string[] = [];
  const fail = (what: string, request?: FuzzRequest): void => {
    if (failures.length >= MAX_FAILURES) return;
    failures.push(request === undefined ? what : `${what}\n${JSON.stringify(request.wire.slice(0, 4000))}`);
  };
  const onLost = (error: unknown): void =>
    fail(`nobody caught: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onLost);
  process.on('uncaughtException', onLost);
  const prototypes = snapshot();
  const sink = await startSink();
  const apps: FuzzApp[] = [];
  const statuses: Record<number, number> = {};
  let refused = 0;
  try {
    for (const settings of Object.values(SETTINGS)) {
      const onLog = (line: string): void => {
        if (withoutKey(line).includes(MARK)) fail(`a log line that quotes a stranger: ${line}`);
      };
      apps.push(
        await startApp(framework, { settings, track: sink.url, onViolation: (what) => fail(what), onLog }),
      );
    }
    const send = async ({ url }: FuzzApp, batch: readonly FuzzRequest[]): Promise<void> => {
      for (let requests = batch; requests.length > 0 && failures.length === 0;) {
        let answers: Answer[];
        try {
          answers = await exchange(url, requests);
        } catch (error) {
          fail((error as Error).message);
          return;
        }
        answers.forEach((answer, index) => {
          const request = requests[index]!;
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          const wrong = wrongWith(request, answer);
          if (wrong !== undefined) fail(wrong, request);
        });
        if (answers.length < requests.length && REFUSED.has(answers.at(-1)?.status ?? 0)) refused += 1;
        if (answers.length === 0) fail('no answer', requests[0]);
        requests = requests.slice(answers.length);
      }
      if (snapshot() !== prototypes) fail('the prototypes of all objects have changed', batch[0]);
    };
    // Each on a connection of its own: some of them end it.
    const known = corpus(corpusAt);
    for (const app of apps) for (const request of known) await send(app, [request]);
    const next = requestsFrom(seed);
    let sent = known.length * apps.length;
    for (let turn = 0; sent < count && failures.length === 0; turn++) {
      const batch = Array.from({ length: Math.min(BATCH, count - sent) }, next);
      await send(apps[turn % apps.length]!, batch);
      sent += batch.length;
      if (turn % (PROGRESS / BATCH) === 0) await onProgress?.(sent);
    }
    for (const { convert } of apps) await convert.flush({ timeout: 30_000 });
    for (const what of sink.wrong) fail(`an event with ${what}`);
    return { sent, statuses, refused, events: sink.events, failures };
  } finally {
    for (const app of apps) await app.close();
    await sink.close();
    process.off('unhandledRejection', onLost);
    process.off('uncaughtException', onLost);
  }
}

/** What a polluted prototype would add to. */
function snapshot(): string {
  return [Object, Array, String, Number, Function, Map, Promise]
    .map(({ prototype }) => Reflect.ownKeys(prototype).length)
    .join();
}

export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as Framework[];

/** The app takes keys from requests, and keys that an app asks for in vain are told of. */
const withoutKey = (line: string): string =>
  line.endsWith('#convert_unknown_key') ? line.replace(/the project has no \w+ "[\w.:-]{1,64}"/, '') : line;
