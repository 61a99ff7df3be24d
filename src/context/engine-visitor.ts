/** The visitor of one context in the form in which the engine takes visitors. */
import type { EngineMemo, EngineVisitor, Properties } from '../engine/types.js';
import type { Included } from './participation.js';
import type { Runtime } from './runtime.js';

export interface VisitorProperties {
  readonly location: Properties;
  readonly visitor: Properties;
  /** The cookies of the request; undefined for jobs. */
  readonly cookies: Properties | undefined;
}

/** The visitor of one context, as one object for all calls of the engine. Only `state` changes from call to call. */
export class ContextVisitor implements EngineVisitor {
  readonly memo: EngineMemo = { cached: undefined };
  readonly id: string;
  readonly stateUnavailable: boolean;
  readonly locationProperties: Properties;
  readonly visitorProperties: Properties;
  readonly cookies: Properties | undefined;
  state: EngineVisitor['state'];

  constructor(
    { visitor, work, stateUnavailable }: Included,
    { location, visitor: properties, cookies }: VisitorProperties,
    private readonly runtime: Runtime,
  ) {
    this.id = visitor.id;
    this.state = work.state;
    this.stateUnavailable = stateUnavailable;
    this.locationProperties = location;
    this.visitorProperties = properties;
    this.cookies = cookies;
  }

  get environment(): string {
    return this.runtime.environment;
  }

  now(): number {
    return this.runtime.now();
  }
}

/** The visitor of a page that is decided as of one moment, however long it takes to write it. */
export class PageVisitor extends ContextVisitor {
  readonly #at = super.now();

  override now(): number {
    return this.#at;
  }
}
