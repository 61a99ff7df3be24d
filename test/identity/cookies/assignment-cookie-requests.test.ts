/** `assignmentCookie` and the rest of a request: what is stored, what is counted, what it costs where it is off. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Convert, createConvert } from '../../../src/convert/convert.js';
import type { OutgoingResponse, ResponseHead } from '../../../src/model/http.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { testProject } from '../../support/project.js';
import { runningSession } from '../../support/session.js';
import { incoming } from '../support.js';

/** As Express has them: headers may be set early, at less cost than a listener. */
class FakeResponse implements OutgoingResponse {
  headersSent = false;
  closed = false;
  listeners = 0;
  readonly early: string[] = [];
  readonly cookies: string[] = [];
  readonly #onHead: ((head: ResponseHead) => void)[] = [];

  getHeader(): undefined {}
  getHeaderNames(): string[] {
    return [];
  }
  onHead(listener: (head: ResponseHead) => void): void {
    this.listeners += 1;
    this.#onHead.push(listener);
  }
  onClose(): void {}
  setEarly(name: string): boolean {
    return this.early.push(name) > 0;
  }
  /** Returns the value of the cookie that it sets. */
  writeHead(): string | undefined {
    const { cookies } = this;
    for (const listener of this.#onHead) {
      listener({
        status: 200,
        getHeader: () => undefined,
        getHeaderNames: () => [],
        setHeader() {},
        appendCookie: (line) => void cookies.push(line),
        removeCookie: (line) => void cookies.splice(cookies.indexOf(line) >>> 0, 1),
      });
    }
    this.headersSent = true;
    return cookies.map((line) => /^cv_asg=([^;]*)/.exec(line)?.[1]).find((value) => value !== undefined);
  }
}

let collector: Collector;
const open: Convert[] = [];

beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
  await collector.close();
});

async function create(options: ConvertOptions = {}): Promise<Convert> {
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    delivery: { linger: 5 },
    logger: false,
    secrets: 'a secret of the test',
    assignmentCookie: true,
    ...options,
  });
  open.push(convert);
  await convert.ready();
  return convert;
}

async function visit(convert: Convert, cookie: string) {
  const response = new FakeResponse();
  return { response, context: await convert.open(incoming({ cookie }), response) };
}

const accepted = (convert: Convert): number => convert.stats().delivery.accepted;

describe('the cookie of assignments', () => {
  it('is written with the commit, which comes before the head then', async () => {
    const convert = await create();
    const { response, context } = await visit(convert, 'cv_vid=v1');
    context.runExperience('homepage-hero');
    expect(accepted(convert)).toBe(0);
    expect(response.writeHead()).toBeDefined();
    expect(accepted(convert)).toBe(1);
  });

  it('holds no assignment whose exposure was refused: the visitor is exposed another time', async () => {
    await collector.close();
    const convert = await create({ delivery: { maxQueueBytes: 65_536 } });
    const filler = await convert.forVisitor('filler');
    const conversionData = [{ key: 'customDimension1' as const, value: 'x'.repeat(10_000) }];
    for (let n = 0; n < 10; n++) {
      filler.trackConversion('purchase', {
        conversionSetting: { forceMultipleTransactions: true },
        conversionData,
      });
    }
    await convert.flush({ timeout: 1 });
    const refused = await visit(convert, 'cv_vid=late');
    refused.context.runExperience('homepage-hero');
    expect(refused.response.writeHead()).toBeUndefined();
    expect(convert.stats().delivery.reasons.overflow).toBeGreaterThan(0);

    await collector.reopen();
    await convert.flush();
    const taken = await visit(convert, 'cv_vid=late');
    taken.context.runExperience('homepage-hero');
    expect(taken.response.writeHead()).toMatch(/\.2t\.\w+$/);
    await convert.flush();
    expect(collector.exposures()).toMatchObject([{ visitorId: 'late' }]);
  });

  it('is not set by a request whose consent is withdrawn by another one meanwhile', async () => {
    const convert = await create({ consent: { cookie: 'consent', granted: 'yes' } });
    const slow = await visit(convert, 'consent=yes; cv_vid=v1');
    slow.context.runExperience('homepage-hero');
    expect((await visit(convert, 'consent=no; cv_vid=v1')).context.consent).toBe('denied');
    expect(slow.response.writeHead()).toBeUndefined();
  });

  it('says what a remote store that hangs does not, and claims nothing there', async () => {
    const one = await create();
    const first = await visit(one, 'cv_vid=v1');
    const variation = first.context.runExperience('homepage-hero');
    const value = first.response.writeHead();

    const written: string[] = [];
    const store = {
      get: () => new Promise<never>(() => undefined),
      set: (key: string) => void written.push(key),
    };
    const two = await create({ store, storeTimeout: 5 });
    const { context, response } = await visit(two, `cv_vid=v1; cv_asg=${value}`);
    expect(context.explain('homepage-hero').reason).toBe('sticky');
    expect(context.runExperience('homepage-hero')?.id).toBe(variation?.id);
    expect(response.writeHead()).toBeUndefined();
    // What depends on the rest of the state is still not decided: the cookie has assignments alone.
    expect(context.explain('spring-sale').reason).toBe('state-unavailable');
    expect([accepted(two), written]).toEqual([0, []]);
  });

  it('costs a returning visitor no listener where it is off', async () => {
    for (const [assignmentCookie, listeners, early] of [
      [true, 1, []],
      [false, 0, ['Cache-Control']],
    ] as const) {
      const convert = await create({ assignmentCookie });
      const come = () => visit(convert, `cv_vid=v1; ${runningSession()}`);
      // The head of the first response is looked at in any case: a shared cache might store it.
      const first = await come();
      first.context.runExperience('homepage-hero');
      first.response.writeHead();
      const { context, response } = await come();
      context.runExperience('homepage-hero');
      expect(response).toMatchObject({ listeners, early });
      expect(response.writeHead() !== undefined).toBe(assignmentCookie);
    }
  });
});
