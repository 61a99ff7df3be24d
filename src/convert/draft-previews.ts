/** Finds what preview links show that the project config does not hold: drafts and paused experiences. */
import type { Drafts, Runtime } from '../context/runtime.js';
import type { Engine, EngineProject, Preview, PreviewDecision } from '../engine/types.js';
import { adoptProject } from '../project/parse-config.js';
import type { ProjectSource } from '../project/types.js';
import { ConvertError } from '../utils/errors.js';
import { LruMap } from '../utils/lru-map.js';
import { withTimeout } from '../utils/node/timers.js';

/** Milliseconds for which an answer is kept, also one that there is no such experience, or that the source failed. */
const KEPT_FOR = 60_000;
/** The most experiences whose answers are kept. */
const MAX_KEPT = 100;
/** The most experiences that are asked for at one time. */
const MAX_ASKED = 8;
/** The most milliseconds that a page waits for an answer. */
const MAX_WAIT = 1_000;
/**
 * Milliseconds after which an answer that has not come counts as lost: a host may have ended the request that asked,
 * and then nothing of it ever settles.
 */
const LOST_AFTER = 15_000;

type Listener = Pick<Runtime, 'report' | 'warnOnce' | 'now'>;

interface Answer {
  /** The experience, loaded alone; undefined if there is none. Never rejects. */
  readonly project: Promise<EngineProject | undefined>;
  readonly askedAt: number;
  hasCome: boolean;
}

/** Returns undefined if previews show no drafts: the source must know them. */
export function draftPreviews(source: ProjectSource, engine: Engine, listener: Listener): Drafts | undefined {
  return source.draft === undefined ? undefined : new DraftPreviews(source, engine, listener);
}

class DraftPreviews implements Drafts {
  readonly #answers = new LruMap<Answer>({ max: MAX_KEPT });
  /** The answers that have not come yet. */
  readonly #underWay = new Set<Answer>();

  constructor(
    private readonly source: ProjectSource,
    private readonly engine: Engine,
    private readonly listener: Listener,
  ) {}

  async find(ids: Preview): Promise<PreviewDecision | undefined> {
    let project: EngineProject | undefined;
    try {
      // Somebody waits for the page, so the wait keeps the process alive.
      project = await withTimeout(MAX_WAIT, this.#answerFor(ids.experienceId), { keepAlive: true });
    } catch {
      this.listener.warnOnce(
        'CONVERT_PREVIEW',
        `the draft of a preview link did not arrive within ${MAX_WAIT} ms, so the page is shown without it; the draft` +
          ' is kept for the next request',
        'late',
      );
      return undefined;
    }
    const decision = project?.preview(ids);
    if (project !== undefined && decision === undefined) this.#warnOfUnknown();
    return decision;
  }

  underWay(): Promise<unknown> {
    return Promise.all([...this.#underWay].map(({ project }) => project));
  }

  #answerFor(experienceId: string): Promise<EngineProject | undefined> {
    const now = this.listener.now();
    const kept = this.#answers.find(experienceId);
    if (kept !== undefined && isFresh(kept.value, now)) {
      this.#answers.use(kept);
      return kept.value.project;
    }
    for (const each of this.#underWay) if (!isFresh(each, now)) this.#underWay.delete(each);
    if (this.#underWay.size >= MAX_ASKED) {
      this.listener.warnOnce(
        'CONVERT_PREVIEW',
        'many drafts are asked for by preview links at one time, so some of these links show nothing; does the option' +
          ' `preview` say yes to strangers?',
        'rush',
      );
      return Promise.resolve(undefined);
    }
    if (kept !== undefined) this.#answers.remove(kept);
    const project = this.#load(experienceId);
    const answer: Answer = { project, askedAt: now, hasCome: false };
    this.#answers.add(experienceId, answer);
    this.#underWay.add(answer);
    void project.then(() => {
      answer.hasCome = true;
      this.#underWay.delete(answer);
    });
    return project;
  }

  async #load(experienceId: string): Promise<EngineProject | undefined> {
    try {
      const given = await this.source.draft?.(experienceId);
      const config = given && adoptProject(given, this.source.description);
      const experience = config?.experiences?.find(({ id }) => id === experienceId);
      if (config === undefined || experience === undefined) {
        this.#warnOfUnknown();
        return undefined;
      }
      // The rest of the config is not needed, and would stay in memory.
      const { account_id, project, features = [] } = config;
      const alone = { account_id, project, features, experiences: [experience] };
      await this.engine.prepare?.(alone);
      return this.engine.load(alone);
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** All failures are of one kind, so that they are logged once; an `error` event comes for each. */
  #report(cause: unknown): void {
    const text = cause instanceof Error ? cause.message.replace(/^convert: /, '') : String(cause);
    const what = 'the draft of a preview link could not be fetched, so the page is shown without it';
    this.listener.report(
      new ConvertError('CONVERT_PROJECT_UNREACHABLE', what, { cause, detail: `: ${text}` }),
    );
  }

  #warnOfUnknown(): void {
    this.listener.warnOnce(
      'CONVERT_PREVIEW',
      'a preview link names an experience or a variation that Convert does not have, so the page is shown without it',
      'unknown',
    );
  }
}

function isFresh({ askedAt, hasCome }: Answer, now: number): boolean {
  // `abs`: the clock may have been set back.
  return Math.abs(now - askedAt) < (hasCome ? KEPT_FOR : LOST_AFTER);
}
