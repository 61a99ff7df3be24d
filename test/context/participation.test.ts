/** Contexts that are kept while the project config changes: by which config they decide. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  type Convert,
  createConvert,
  type ConvertOptions,
  type ProjectConfig,
  type ProjectSink,
  type VisitorContext,
} from '../../src/index.js';
import { FakeResponse, visit } from '../support/http.js';
import { testProject } from '../support/project.js';

let convert: Convert;
let sink: ProjectSink;

/** The project without the experience `homepage-hero`, and with a new goal. */
function next(): ProjectConfig {
  const { experiences = [], goals = [], ...rest } = testProject();
  return {
    ...rest,
    experiences: experiences.filter(({ key }) => key !== 'homepage-hero'),
    goals: [...goals, { ...goals[0]!, id: '599', key: 'brand-new' }],
  };
}

function create(options: ConvertOptions = {}): void {
  convert = createConvert({
    project: { description: 'test', start: (given) => void (sink = given), stop: () => undefined },
    readyTimeout: 0,
    endpoints: { track: 'http://127.0.0.1:1' },
    logger: false,
    ...options,
  });
}
beforeEach(() => create());
afterEach(async () => {
  vi.useRealTimers();
  await convert.close({ timeout: 1 });
});

const decides = (context: VisitorContext): boolean => context.runExperience('homepage-hero') !== null;
const KNOWN = { cookie: 'cv_vid=known-visitor' };

it('E10: a job decides by the config in force, and enrols into nothing that is archived', async () => {
  sink.config(testProject());
  const [kept, other] = [await convert.forVisitor('v1'), await convert.forVisitor('v2')];
  expect(decides(kept)).toBe(true);
  expect(other.visitorId).toBe('v2');
  expect(other.peek('homepage-hero')).not.toBeNull();
  sink.config(next());
  expect(decides(kept)).toBe(false);
  expect(decides(other)).toBe(false);
  expect(kept.explain('homepage-hero').reason).toBe('not-found');
  expect(kept.trackConversion('brand-new').outcome).toBe('accepted');
  expect((await kept.committed()).conversions).toMatchObject([{ outcome: 'tracked' }]);
  expect(other.getVisitorData()).toEqual({});
  sink.config(testProject());
  expect(kept.explain('homepage-hero').reason).toBe('bucketed');
});

it('E10: a WebSocket does, too', async () => {
  sink.config(testProject());
  const socket = await visit(convert, { ...KNOWN, upgrade: 'websocket' });
  expect(decides(socket)).toBe(true);
  sink.config(next());
  expect(decides(socket)).toBe(false);
  expect(socket.trackConversion('brand-new').outcome).toBe('accepted');
});

it('E10: a page is decided by one config, and by the one in force once its response is over', async () => {
  sink.config(testProject());
  const response = new FakeResponse();
  const page = await visit(convert, KNOWN, response);
  expect(decides(page)).toBe(true);
  sink.config(next());
  response.writeHead();
  expect(decides(page)).toBe(true);
  response.close();
  expect(decides(page)).toBe(false);
});

it('E10: a response that goes on for longer decides by the config that has been in force for a minute', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  sink.config(testProject());
  const stream = await visit(convert, KNOWN);
  expect(decides(stream)).toBe(true);
  vi.setSystemTime(Date.now() + 3_600_000);
  sink.config(next());
  vi.setSystemTime(Date.now() + 59_000);
  expect(decides(stream)).toBe(true);
  vi.setSystemTime(Date.now() + 2_000);
  expect(decides(stream)).toBe(false);
});

it('E10: what was opened before the first config decides once it is there; a page stays as it began', async () => {
  const response = new FakeResponse();
  const page = await visit(convert, KNOWN, response);
  const socket = await visit(convert, { ...KNOWN, upgrade: 'websocket' });
  const newcomer = await visit(convert, { upgrade: 'websocket' });
  for (const each of [page, socket, newcomer]) expect(decides(each)).toBe(false);
  sink.config(testProject());
  expect([page, socket, newcomer].map(decides)).toEqual([false, true, true]);
  expect(newcomer.explain('homepage-hero').reason).toBe('no-identity');
  response.writeHead();
  response.close();
  expect(decides(page)).toBe(true);
  expect((await page.committed()).retry).toBe(false);
});

it.each<[string, ConvertOptions]>([
  ['without consent', {}],
  ['with the consent that is stored', { consent: { cookie: 'consent', granted: 'yes' } }],
])('E10: a job that was opened before the first config, %s', async (_, options) => {
  await convert.close({ timeout: 1 });
  create(options);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const opening = convert.forVisitor('v1');
  await vi.advanceTimersByTimeAsync(5_001);
  vi.useRealTimers();
  const job = await opening;
  expect(job.trackConversion('purchase')).toEqual({ outcome: 'not-ready', retry: true });
  sink.config(testProject());
  const granted = await visit(convert, { cookie: 'cv_vid=v1; consent=yes' });
  expect(decides(granted)).toBe(true);
  await granted.committed();
  expect(job.trackConversion('purchase').outcome).toBe('accepted');
});
