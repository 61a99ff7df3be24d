/** A visitor's state during one call that decides several experiences: later ones see what earlier ones changed. */
import { mergeSegments, ownValue, type VisitorState } from '../state.js';
import type { RuleEntity } from './plan.js';
import type { Outcome } from './rules.js';
import { textOf } from './text.js';

const NO_LOCATIONS: readonly string[] = [];
/** How often the list of locations is looked through before it gets an index. */
const LOOKED_THROUGH = 4;

export class Progress {
  readonly state: Readonly<VisitorState>;
  /** The id of the experience that is being decided. */
  deciding: string | undefined;
  private newlyAssigned: Map<string, string> | undefined = undefined;
  private segments: Readonly<Record<string, unknown>> | undefined;
  private locations: readonly string[];
  private index: Set<string> | undefined = undefined;
  private asked = 0;

  constructor(state: Readonly<VisitorState>) {
    this.state = state;
    this.segments = state.segments;
    this.locations = state.locations ?? NO_LOCATIONS;
  }

  /** The id of the variation that the visitor has of an experience. */
  assigned(experienceId: string): string | undefined {
    return this.newlyAssigned?.get(experienceId) ?? ownValue(this.state.bucketing, experienceId);
  }

  /** The visitor has a variation of an experience other than the one that is being decided. */
  isInOther(isMeant: (experienceId: string) => boolean): boolean {
    const ids = [...Object.keys(this.state.bucketing ?? {}), ...(this.newlyAssigned?.keys() ?? [])];
    return ids.some((id) => id !== this.deciding && isMeant(id));
  }

  get customSegments(): readonly unknown[] {
    const segments = ownValue(this.segments, 'customSegments');
    return Array.isArray(segments) ? (segments as unknown[]) : [];
  }

  /** The keys of the locations that matched last, if they are no longer those of the state. */
  get changedLocations(): string[] | undefined {
    const before = this.state.locations ?? NO_LOCATIONS;
    const now = this.locations;
    if (now === before) return undefined;
    const isSame = now.length === before.length && now.every((each, index) => each === before[index]);
    return isSame ? undefined : (now as string[]);
  }

  assign(experienceId: string, variationId: string): void {
    (this.newlyAssigned ??= new Map()).set(experienceId, variationId);
  }

  addSegments(segments: Readonly<Record<string, unknown>>): void {
    this.segments = mergeSegments(this.segments ?? {}, segments);
  }

  /** Keeps, as the SDK does, which locations matched when they were asked last. */
  atLocation({ config }: RuleEntity, outcome: Outcome): void {
    if (typeof outcome !== 'boolean' || config.key == null) return;
    const key = textOf(config.key);
    if (outcome === this.isAt(key)) return;
    // Copied once, then it is ours.
    const locations = this.own();
    if (outcome) {
      locations.push(key);
      this.index?.add(key);
    } else {
      locations.splice(locations.indexOf(key), 1);
      this.index?.delete(key);
    }
  }

  private isAt(key: string): boolean {
    // An index pays only for calls that decide many experiences.
    if (this.index === undefined && this.asked++ < LOOKED_THROUGH) return this.locations.includes(key);
    return (this.index ??= new Set(this.locations)).has(key);
  }

  private own(): string[] {
    if (this.locations === this.state.locations || this.locations === NO_LOCATIONS) {
      this.locations = [...this.locations];
    }
    return this.locations as string[];
  }
}
