/** What the pages tell of delivery: the ledger of the middleware, and the events that arrived at the collector. */
import { describe } from './collector.js';
import { entryOf } from './panel.js';

export class Inbox {
  #parts;

  /** @param parts `convert`, `collector`, `webhook`, and the `project` that has the names */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param after only what came after the event of this number
   * @param most only so many of the newest events
   */
  look({ after = 0, most = Infinity } = {}) {
    const { convert, collector, webhook, project } = this.#parts;
    const arrived = collector.events.filter(({ number }) => number > after).slice(-most);
    return {
      ledger: convert.stats().delivery,
      isDown: collector.isDown,
      last: collector.events.at(-1)?.number ?? 0,
      /** The newest first. */
      entries: arrived.map((event) => entryOf(describe(event, project))).reverse(),
      webhooks: textOf(webhook.stats().outcomes) || 'none yet',
    };
  }
}

/** `2 tracked, 1 skipped` */
function textOf(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
