/** The panel beside the shop: why this page is shown, the other heroes, and what becomes of the events. */
import { html } from './html.js';

/** @param view who looks at the page, and what was decided for them (see shop.js) */
export function panel(view) {
  return html`<aside class="panel" id="why" aria-labelledby="why-title">
    <div>
      ${why(view)} ${view.heroes.length > 0 && heroes(view.heroes)} ${sent(view)}
      <p class="hint">Scripts of this page read <code data-bridge>window.__CV__</code></p>
      <p class="to-top"><a href="#top">Back to the shop</a></p>
    </div>
  </aside>`;
}

/** The reasons that `explain` gives, in words. Where rules failed, those say more. */
const REASONS = {
  bucketed: 'decided now, by a hash of the visitor id',
  sticky: 'decided before, and kept',
  forced: 'forced',
  preview: 'by a preview link: nothing is stored or sent',
  draft: 'not active yet, and shown all the same: nothing is stored or sent',
  'not-found': 'the project has no such experience',
  archived: 'the experience is archived',
  environment: 'it runs in another environment',
  location: 'not on this page',
  audience: 'not for this visitor',
  segment: 'not in the segment',
  exclusion: 'in another experience, which excludes this one',
  traffic: 'left out by the traffic allocation, or no variation is running',
  'no-variations': 'it has no variation',
  consent: 'the original page: nothing is stored or sent',
  bot: 'a bot gets the original page and is never counted',
  'not-ready': 'no project config has arrived yet',
  'state-unavailable': 'what is stored of the visitor could not be read',
  'no-identity': 'decided, but not counted: the visitor could not be given an id',
  disabled: 'switched off for this request',
  'shared-page': 'not in the key of a page that a cache keeps for each variation',
};

function why({ explanations, visitorId, consent, properties }) {
  return html`<section>
    <h2 id="why-title">Why do I see this page?</h2>
    <p class="who">
      Visitor ${visitorId ? idOf(visitorId) : html`<code>without an id</code>`} consent
      <code>${consent}</code>
      ${Object.entries(properties).map(([name, value]) => html`<code>${name} = ${value}</code> `)}
    </p>
    <ul class="decisions">
      ${explanations.map(
        ({ experienceKey, variation, reason, failed }) =>
          html`<li class="${variation ? 'is-in' : 'is-out'}">
            <b>${experienceKey}</b> <span>${variation?.name ?? 'no variation'}</span>
            <p>
              <code class="reason">${reason}</code> ${failed.length > 0 ? rulesOf(failed) : REASONS[reason]}
            </p>
          </li>`,
      )}
    </ul>
  </section>`;
}

/** The rules that kept the visitor out: `path startsWith /products/ but is /`. */
function rulesOf(failed) {
  const rules = failed.flatMap((failure) => failure.rules);
  return rules.map(({ property, operator, negated, expected, actual }, index) => {
    const rule = [property, negated && 'not', operator, expected].filter(Boolean).join(' ');
    return html`${index > 0 && ', '}<code>${rule}</code> but is ${actual ?? 'not known'}`;
  });
}

/** Enough of an id to tell visitors apart. */
function idOf(visitorId) {
  return html`<code class="visitor" title="${visitorId}">${visitorId.slice(0, 8)}</code>`;
}

function heroes(links) {
  return html`<section>
    <h2 id="heroes-title">See the other heroes</h2>
    <nav class="heroes" aria-labelledby="heroes-title">
      ${links.map(
        ({ key, name, link, isShown }) =>
          html`<a href="${link}" data-preview="${key}" ${isShown && html`aria-current="true"`}>${name}</a> `,
      )}
    </nav>
    <p class="hint">By signed preview links: nothing is counted.</p>
  </section>`;
}

/** What may become of an event: the counts are those of `convert.stats().delivery`. */
const OUTCOMES = ['delivered', 'pending', 'spooled', 'rejected', 'dropped'];

/** The number of events that the panel lists. */
export const LATEST = 3;

/** @param most the number of events that are listed */
export function sent({ url, ledger, isDown, last, entries }, most = LATEST) {
  const count = (name) => html`<span><b data-count="${name}">${ledger[name]}</b> ${name}</span>`;
  return html`<section class="sent" id="sent" aria-labelledby="sent-title">
    <h2 id="sent-title">What is sent to Convert</h2>
    <p class="ledger" data-ledger role="status">
      ${count('accepted')} = ${OUTCOMES.map((name, index) => html`${index > 0 && ' + '}${count(name)}`)}
    </p>
    <form method="post" action="/collector/switch" data-collector="${isDown ? 'down' : 'up'}">
      <input type="hidden" name="back" value="${url}#sent" />
      <p class="if-up">The collector is up.</p>
      <p class="if-down">
        The collector is down: it refuses every connection. The pages stay as quick, and events wait.
      </p>
      <button class="button small quiet if-up" name="collector" value="down">Take the collector down</button>
      <button class="button small if-down" name="collector" value="up">Bring the collector back</button>
    </form>
    <ol class="events" data-events="${most}" data-last="${last}">
      ${entries}
    </ol>
  </section>`;
}

/** An event that has arrived, as an entry of the list. `event` is what `describe` of collector.js returns. */
export function entryOf({ kind, title, detail, amount, visitorId, at }) {
  return html`<li class="${kind}">
    <span class="kind">${kind}</span> <b class="title">${title}</b> <span class="detail">${detail}</span>
    <span class="amount">${amount !== undefined && `€${amount.toFixed(2)}`}</span>
    ${idOf(visitorId)}
    <time class="at" datetime="${at}">${new Date(at).toLocaleTimeString('en-GB')}</time>
  </li>`;
}
