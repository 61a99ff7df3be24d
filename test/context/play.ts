/** Plays one request, or one job, through `createConvert`, and writes down everything that shows outside. */
import { compile, compiledEngine, validate } from '../../src/engine.js';
import {
  createConvert,
  memoryStore,
  type Convert,
  type ConvertContext,
  type ConvertOptions,
  type Engine,
  type IncomingRequest,
  type MemoryStore,
  type ProjectSource,
  type VisitorContext,
} from '../../src/index.js';
import { FakeResponse, tick } from '../support/http.js';
import type { Outcome } from '../support/outcome-table.js';
import { testProject } from '../support/project.js';
import {
  recordingOutbox,
  recordingStore,
  type Log,
  type RecordingOutboxOptions,
  type RecordingStore,
} from '../support/recorders.js';
import { Notes } from './notes.js';

const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';
/** The campaign in it becomes part of the session. */
export const LANDING = '/?utm_source=news&utm_medium=email&utm_campaign=spring';
/** The preview link shows a variation that gets no traffic. */
export const PREVIEW = `${LANDING}&convert_preview=101.1010`;

/** The framework's own request: the functions in the app's options read it. */
export interface Raw {
  readonly user?: unknown;
  readonly answer?: string | undefined;
}

/** A script gets these things to act upon. */
export interface Stage<Context = ConvertContext> {
  readonly convert: Convert;
  readonly context: Context;
  readonly request: RequestParts;
  readonly response: FakeResponse;
  readonly log: Log;
  /** Begins a phase, whose name stands before each line that is written from then on. */
  readonly phase: (name: string) => void;
}
export type Script<Context = ConvertContext> = (stage: Stage<Context>) => unknown;

/** An exchange and a job have these in common. */
export interface Play {
  /** The options of the app, without project, store, outbox and logger; their functions may write down their calls. */
  readonly options?: (log: Log) => ConvertOptions<Raw>;
  /** Fills the store before the visitor comes; `now` is in milliseconds since the epoch. */
  readonly fill?: (store: MemoryStore, now: number) => void;
  /** Makes the store of the app out of one that writes down each call. Default: that one itself. */
  readonly store?: (recording: RecordingStore, log: Log) => ConvertOptions['store'];
  readonly outbox?: RecordingOutboxOptions;
}

export interface Exchange extends Play {
  readonly request?: RequestParts;
  readonly response?: () => FakeResponse;
  /** The project config arrives only after the commit. Default false. */
  readonly isLate?: boolean;
  /** The script from the handler to the end of the response. Default `decideThenSend`. */
  readonly script?: Script;
  /** The script that follows the commit, and the arrival of a late project. Default `decideAgain`. */
  readonly later?: Script;
}

export interface RequestParts {
  readonly method?: string;
  readonly url?: string;
  readonly cookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: Raw;
}

/** Plays a request, from its arrival until the Convert is closed. */
export async function playRequest(exchange: Exchange): Promise<Outcome> {
  const notes = new Notes();
  const { log } = notes;
  const { source, arrive } = projectSource(exchange.isLate === true);
  const convert = createFor(exchange, log, source);
  const response = exchange.response?.() ?? new FakeResponse();
  const phase = (name: string): void => void (notes.phase = name);

  phase('open');
  const context = await convert.open(incoming(exchange.request), response);
  listen(convert, log);
  const stage = { convert, context, request: exchange.request ?? {}, response, log, phase };
  phase('handler');
  await (exchange.script ?? decideThenSend)(stage);
  phase('after');
  await settled();
  if (exchange.isLate === true) {
    phase('project arrives');
    arrive();
    await settled();
  }
  phase('later');
  await (exchange.later ?? decideAgain)(stage);
  await finish(stage);
  return notes.outcome(() => context.visitorId);
}

export interface Job extends Play {
  readonly visitorId: string;
  readonly consent: 'granted' | 'denied' | 'unknown' | undefined;
}

/** Plays a job, which has a visitor and no request. */
export async function playJob(job: Job): Promise<Outcome> {
  const notes = new Notes();
  const { log } = notes;
  const convert = createFor(job, log, projectSource(false).source);
  const phase = (name: string): void => void (notes.phase = name);

  phase('open');
  const context = await convert.forVisitor(job.visitorId, { consent: job.consent });
  listen(convert, log);
  const stage = { convert, context, request: {}, response: new FakeResponse(), log, phase };
  phase('job');
  const { by } = context.explain('homepage-hero').consent;
  log('visitor', `${context.visitorId || 'no id'}, consent ${context.consent} by ${by}`);
  decideTwice(stage);
  phase('after');
  await settled();
  phase('later');
  decideTwice(stage);
  await finish(stage);
  return notes.outcome(() => context.visitorId);
}

/** The usual way: the handler decides, and then the head is written. */
export const decideThenSend: Script = (stage) => {
  decide(stage);
  stage.phase('head');
  stage.response.writeHead();
  stage.phase('after');
};

/** The head is written before the handler asks for the visitor. */
export const sendThenDecide: Script = (stage) => {
  stage.phase('head');
  stage.response.writeHead();
  stage.phase('handler');
  decide(stage);
  stage.phase('after');
};

/** Decides on the same experience again and on another one for the first time, and tracks the same conversion again. */
export const decideAgain: Script = (stage) => {
  decideTwice(stage);
  stage.log('bridge', stage.context.bridge.json());
};

export const doNothing: Script = () => undefined;

export function decide({ context, log }: Stage): void {
  const { visitorId, isNewVisitor, consent } = context;
  const { by } = context.explain('homepage-hero').consent;
  log('visitor', `${visitorId || 'no id'}, ${isNewVisitor ? 'new' : 'not new'}, consent ${consent} by ${by}`);
  runExperience(context, log, 'homepage-hero');
  context.trackConversion('purchase', PURCHASE);
  log('bridge', context.bridge.json());
}

function decideTwice({ context, log }: Stage<VisitorContext>): void {
  for (const key of ['homepage-hero', 'featured']) runExperience(context, log, key);
  context.trackConversion('purchase', PURCHASE);
}

const PURCHASE = {
  conversionData: [
    { key: 'amount' as const, value: 10 },
    { key: 'transactionId' as const, value: 't-1' },
  ],
};

function runExperience(context: VisitorContext, log: Log, key: string): void {
  const { reason, variation } = context.explain(key);
  log('explain', `${key}=${variation?.key ?? null}, ${reason}`);
  log('decisions', `returned ${key}=${context.runExperience(key)?.key ?? null}`);
}

function createFor({ options, fill, store, outbox }: Play, log: Log, project: ProjectSource): Convert {
  const memory = memoryStore();
  fill?.(memory, Date.now());
  const recording = recordingStore(log, memory);
  return createConvert<Raw>({
    project,
    engine: ENGINE,
    readyTimeout: 0,
    store: store === undefined ? recording : store(recording, log),
    delivery: { outbox: recordingOutbox(log, outbox) },
    logger: {
      error: () => log('app', 'an error was logged'),
      warn: () => log('app', 'a warning was logged'),
    },
    ...options?.(log),
  });
}

function listen(convert: Convert, log: Log): void {
  convert.on('decision', ({ visitorId, experienceKey, variationKey, reason, enrolled }) => {
    const how = `${reason}, ${enrolled ? 'enrolled' : 'not enrolled'}`;
    log('decisions', `told ${experienceKey}=${variationKey} of ${visitorId || 'no id'}, ${how}`);
  });
  convert.on('conversion', ({ visitorId, goalKey, outcome }) =>
    log('decisions', `told ${goalKey} of ${visitorId || 'no id'}, ${outcome}`),
  );
  convert.on('error', ({ code }) => log('app', code));
}

/** Waits until all that was begun is done: a commit takes a tick, and the stores of the tests answer within another. */
async function settled(): Promise<void> {
  for (let n = 0; n < 3; n++) await tick();
}

async function finish({ convert, response, log, phase }: Stage<VisitorContext>): Promise<void> {
  phase('after later');
  await settled();
  phase('sent');
  for (const [name, value] of response.headers) log('response', `${name}: ${value}`);
  for (const line of response.cookies) log('response', `Set-Cookie: ${line}`);
  phase('close');
  await convert.close();
  await settled();
}

export function incoming({ method = 'GET', url = LANDING, ...more }: RequestParts = {}): IncomingRequest {
  const { cookies = [], headers, raw = {} } = more;
  const cookie = cookies.length > 0 ? { cookie: cookies.join('; ') } : {};
  return {
    method,
    url,
    protocol: 'https',
    host: 'shop.example',
    ip: '93.184.216.34',
    headers: { 'user-agent': USER_AGENT, ...cookie, ...headers },
    raw,
  };
}

/** Every visitor is in both experiences, with `version-b`, whatever their id; opt-outs by header count. */
function smallProject(): object {
  const { project, experiences = [], ...rest } = testProject();
  const open = experiences.filter(({ key }) => key === 'homepage-hero' || key === 'featured');
  for (const { variations } of open) {
    variations?.forEach((each, index) => (each.traffic_allocation = index === 1 ? 100 : 0));
  }
  const settings = { ...project.settings, global_privacy_control: 'Worldwide' };
  const unused = { archived_experiences: [], locations: [], audiences: [] };
  return { ...rest, ...unused, project: { ...project, settings }, experiences: open };
}

/** One for all cases: nothing in it changes, and to check and compile it takes longer than to play a case. */
const PROJECT = validate(smallProject());
const COMPILED = compile(PROJECT);
const ENGINE: Engine = { ...compiledEngine(), load: () => COMPILED };

/** Delivers the project at once, or when `arrive` is called. */
function projectSource(isLate: boolean): { source: ProjectSource; arrive: () => void } {
  let sink: Parameters<ProjectSource['start']>[0] | undefined;
  const arrive = (): void => void sink?.config(PROJECT);
  return {
    source: {
      description: 'the project of the test',
      start(given) {
        sink = given;
        if (!isLate) arrive();
      },
      stop: () => undefined,
    },
    arrive,
  };
}
