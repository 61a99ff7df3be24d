/** Collects what a test sees of one request, and turns it into text that is the same in every run. */
import { NOTHING, type Outcome } from '../support/outcome-table.js';
import type { Log } from '../support/recorders.js';

/** The ids that are known before a request is made; in the text, each stands under its name here, as in `<app>`. */
export const IDS = {
  app: 'user-of-the-app',
  cookie: '11111111-1111-4111-8111-111111111111',
  alias: '22222222-2222-4222-8222-222222222222',
  /** The fingerprint that `SECRET` makes of the address and the user agent in `play.ts`. */
  fingerprint: 'fp.43F9GItRrwUoGSLiNVsCGcag2WOLIPVy',
} as const;
export const SECRET = 'a secret of the test';

/** Long texts that nearly every case has in it. */
const SHORT = {
  '<usual>': '"browser":"CH","campaign":"spring","devices":["DESK"],"source":"campaign"',
  '<purchase>': '[{"key":"amount","value":10},{"key":"transactionId","value":"t-1"}]',
};

/** Every outcome has these aspects, in this order. */
const ASPECTS = ['visitor', 'explain', 'decisions', 'response', 'events', 'store', 'bridge', 'app'] as const;
/**
 * These aspects show which id the visitor has. In the others it is `<own>`, so that visitors who fare alike read alike.
 */
const SHOWS_IDS: readonly string[] = ['visitor', 'response'];

export class Notes {
  readonly #lines = new Map<string, string[]>(ASPECTS.map((aspect) => [aspect, []]));
  readonly #began = Date.now();
  /** Each line begins with the phase in which it was written. */
  phase = '';

  readonly log: Log = (aspect, line) => void this.#lines.get(aspect)!.push(`${this.phase}: ${line}`);

  /** `visitorId` is called when the lines are complete: it may be the first use of a context, which then does more. */
  outcome(visitorId: () => string): Outcome {
    const seen = [...this.#lines].map(([aspect, lines]) => [aspect, this.#plain(lines.join('\n'))] as const);
    const own = this.#plain(visitorId());
    const textOf = (aspect: string, text: string): string =>
      own === '' || SHOWS_IDS.includes(aspect) ? text : text.replaceAll(own, '<own>');
    return Object.fromEntries(seen.map(([aspect, text]) => [aspect, textOf(aspect, text) || NOTHING]));
  }

  /** New ids, times and signatures differ from run to run, so names take their place. */
  #plain(given: string): string {
    let text = given;
    for (const [name, id] of Object.entries(IDS)) text = text.replaceAll(id, `<${name}>`);
    for (const [name, long] of Object.entries(SHORT)) text = text.replaceAll(long, name);
    return text
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<new>')
      .replace(/\b1\d{12}\b/g, (time) => this.#fromNow(Number(time)))
      .replace(/(cv_ses=)1\.[0-9a-z]+/g, '$1<now>')
      .replace(/(cv_vid_next=)1\.([^.;]+\.)[0-9a-z]+/g, '$1$2<now>')
      .replace(/(cv_asg=1\.)[\w-]+/g, '$1<signature>');
  }

  /** Times are rounded to whole minutes, so that a slow machine changes nothing. */
  #fromNow(time: number): string {
    const minutes = Math.round((time - this.#began) / 60_000);
    return minutes === 0 ? '<now>' : `<now ${minutes > 0 ? '+' : '-'} ${Math.abs(minutes)} min>`;
  }
}
