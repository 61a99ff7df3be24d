/** A visitor's state during one call that decides several experiences: later ones see what earlier ones changed. */
import type { VisitorState } from '../../model/visitor-state/types.js';
import { mergeSegments, ownValue } from '../../utils/objects.js';
import type { Location, PlannedExperience } from '../plan-types.js';
import type { RuleResult } from '../rules/types.js';
import { RuleResults } from './rule-results.js';

const NO_LOCATIONS: readonly string[] = [];

export class EvaluationState {
  readonly visitorState: Readonly<VisitorState>;
  /** The id of the experience that is being decided. */
  deciding: string | undefined;
  private newlyAssigned: Map<string, string> | undefined = undefined;
  private segments: Readonly<Record<string, unknown>> | undefined;
  private locations: readonly string[];
  /** Whether a location is in the list, by the index of its key. Only of locations that were asked. */
  private asked: RuleResults | undefined = undefined;
  private storedLocations: Set<string> | undefined = undefined;

  constructor(state: Readonly<VisitorState>) {
    this.visitorState = state;
    this.segments = state.segments;
    this.locations = state.locations ?? NO_LOCATIONS;
  }

  /** The id of the variation that the visitor has of an experience. */
  assigned({ id, slot }: Pick<PlannedExperience, 'id' | 'slot'>): string | undefined {
    return this.newlyAssigned?.get(id) ?? ownValue(this.visitorState.bucketing, slot);
  }

  /** The visitor has a variation of an experience other than the one that is being decided. */
  isInOther(isMeant: (experienceId: string) => boolean): boolean {
    const ids = [...Object.keys(this.visitorState.bucketing ?? {}), ...(this.newlyAssigned?.keys() ?? [])];
    return ids.some((id) => id !== this.deciding && isMeant(id));
  }

  get customSegments(): readonly unknown[] {
    const segments = ownValue(this.segments, 'customSegments');
    return Array.isArray(segments) ? (segments as unknown[]) : [];
  }

  /** The keys of the locations that matched last, if they are no longer those of the state. */
  get changedLocations(): string[] | undefined {
    const before = this.visitorState.locations ?? NO_LOCATIONS;
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
  atLocation({ key, keyIndex }: Location, result: RuleResult): void {
    if (typeof result !== 'boolean' || key === undefined) return;
    const isAt = this.isAt(key, keyIndex);
    this.asked?.set(keyIndex, result);
    if (result === isAt) return;
    if (this.locations.length === 0) this.locations = [key];
    else if (result) this.own().push(key);
    else {
      this.own().splice(this.locations.indexOf(key), 1);
      // A list that something else has stored may hold a key twice; one goes each time, as with the SDK.
      if (this.locations.includes(key)) this.asked?.set(keyIndex, true);
    }
  }

  /** Announces that many experiences will be decided: then a set of the stored locations pays. */
  expectMany(locationCount: number): void {
    this.asked = new RuleResults(locationCount);
  }

  private isAt(key: string, keyIndex: number): boolean {
    if (this.asked === undefined) return isIn(this.locations, key, keyIndex);
    const known = this.asked.at(keyIndex);
    if (known !== undefined) return known === true;
    const { locations } = this.visitorState;
    if (locations === undefined || locations.length === 0) return false;
    return (this.storedLocations ??= new Set(locations)).has(key);
  }

  /** The list of locations as our own copy, which may be changed. */
  private own(): string[] {
    if (this.locations === this.visitorState.locations) this.locations = this.locations.slice();
    return this.locations as string[];
  }
}

/** Looks from `index` back, then on: locations mostly stand in the order of the project, not far before its index. */
function isIn(locations: readonly string[], key: string, index: number): boolean {
  for (let i = Math.min(index, locations.length - 1); i >= 0; i--) if (locations[i] === key) return true;
  for (let i = index + 1; i < locations.length; i++) if (locations[i] === key) return true;
  return false;
}
