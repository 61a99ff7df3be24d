/** A visitor's state during one call that decides several experiences: later ones see what earlier ones changed. */
import type { VisitorState } from '../../model/visitor-state/types.js';
import { mergeSegments, ownValue } from '../../utils/objects.js';
import type { Location, PlannedExperience } from '../plan-types.js';
import type { RuleResult } from '../rules/types.js';
import { RuleResults } from './rule-results.js';

const NO_LOCATIONS: readonly string[] = [];

export class EvaluationState {
  readonly state: Readonly<VisitorState>;
  /** The id of the experience that is being decided. */
  deciding: string | undefined;
  private newlyAssigned: Map<string, string> | undefined = undefined;
  private segments: Readonly<Record<string, unknown>> | undefined;
  private locations: readonly string[];
  /** Whether a location is in the list, by the place of its key: of those that were asked. */
  private asked: RuleResults | undefined = undefined;
  private storedLocations: Set<string> | undefined = undefined;

  constructor(state: Readonly<VisitorState>) {
    this.state = state;
    this.segments = state.segments;
    this.locations = state.locations ?? NO_LOCATIONS;
  }

  /** The id of the variation that the visitor has of an experience. */
  assigned({ id, slot }: Pick<PlannedExperience, 'id' | 'slot'>): string | undefined {
    return this.newlyAssigned?.get(id) ?? ownValue(this.state.bucketing, slot);
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
  atLocation({ key, keyIndex: keyPlace }: Location, outcome: RuleResult): void {
    if (typeof outcome !== 'boolean' || key === undefined) return;
    const isAt = this.isAt(key, keyPlace);
    this.asked?.set(keyPlace, outcome);
    if (outcome === isAt) return;
    if (this.locations.length === 0) this.locations = [key];
    else if (outcome) this.own().push(key);
    else {
      this.own().splice(this.locations.indexOf(key), 1);
      // What somebody else has stored may have it twice; one goes each time, as with the SDK.
      if (this.locations.includes(key)) this.asked?.set(keyPlace, true);
    }
  }

  /** Many experiences will be decided: then it pays to keep apart which locations are in the list. */
  expectMany(locationCount: number): void {
    this.asked = new RuleResults(locationCount);
  }

  private isAt(key: string, keyPlace: number): boolean {
    if (this.asked === undefined) return isIn(this.locations, key, keyPlace);
    const known = this.asked.at(keyPlace);
    if (known !== undefined) return known === true;
    const { locations } = this.state;
    if (locations === undefined || locations.length === 0) return false;
    return (this.storedLocations ??= new Set(locations)).has(key);
  }

  /** Copied once, then it is ours. */
  private own(): string[] {
    if (this.locations === this.state.locations) this.locations = this.locations.slice();
    return this.locations as string[];
  }
}

/** Locations mostly stand in the order of the project: no further back than there, and not much before it. */
function isIn(locations: readonly string[], key: string, place: number): boolean {
  for (let i = Math.min(place, locations.length - 1); i >= 0; i--) if (locations[i] === key) return true;
  for (let i = place + 1; i < locations.length; i++) if (locations[i] === key) return true;
  return false;
}
