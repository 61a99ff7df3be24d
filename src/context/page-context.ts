/** The part of a request's context that is about its page: what goes into it, and whether others may get it, too. */
import type { Bridge } from '../bridge/bridge.js';
import type { ExperienceAttributes } from '../engine/types.js';
import { carriedText, carryHeader, hiddenField } from './carry.js';
import type { Decider } from './decider.js';
import { idForPage, pageBridge } from './page-data.js';
import type { Included } from './participation.js';
import type { RequestHead } from './request-head.js';
import type { ShareOptions } from './types.js';
import { VisitorContextBase } from './visitor-context.js';

export abstract class PageContext extends VisitorContextBase {
  #bridge: Bridge | undefined;
  /** True if something was decided, or the visitor's id given out: the page is the visitor's own. */
  #isOwnPage = false;

  protected abstract readonly head: RequestHead;

  get bridge(): Bridge {
    return (this.#bridge ??= pageBridge(this.runtime, this.head.parts, () => {
      const { participation, decided } = this;
      const visitorId = this.#idForPage();
      return { participation, decided, visitorId, exposedForAll: this.head.page?.exposed };
    }));
  }

  carry(): string {
    return carriedText(this.runtime, this.participation, () => this.#idForPage());
  }

  hiddenField(options?: { name?: string }): string {
    return hiddenField(this.carry(), options);
  }

  header(): Record<string, string> {
    return carryHeader(this.carry());
  }

  share(options: ShareOptions, attributes?: ExperienceAttributes): void {
    // The visitor's own headers come first.
    void this.participation;
    this.head.share({ options, attributes, isLate: this.#isOwnPage });
  }

  protected override deciderFor(participation: Included): Decider {
    this.#isOwnPage = true;
    return this.head.page?.decider ?? super.deciderFor(participation);
  }

  /** The visitor id that may stand in the page; undefined if there is none, or if others get the page, too. */
  #idForPage(): string | undefined {
    const { parts, page } = this.head;
    const id = idForPage(this.runtime, this.participation, parts.response, page);
    this.#isOwnPage ||= id !== undefined;
    return id;
  }
}
