/** The names of the public members of a context: a table that the compiler keeps complete. */
import type { ConvertContext } from './types.js';

const MEMBERS: Readonly<Record<keyof ConvertContext, true>> = {
  visitorId: true,
  consent: true,
  isNewVisitor: true,
  locationProperties: true,
  visitorProperties: true,
  bridge: true,
  previewMark: true,
  runExperience: true,
  runExperiences: true,
  runFeature: true,
  runFeatures: true,
  trackConversion: true,
  committed: true,
  setDefaultSegments: true,
  runCustomSegments: true,
  setCustomSegments: true,
  updateVisitorProperties: true,
  getVisitorData: true,
  getConfigEntity: true,
  getConfigEntityById: true,
  peek: true,
  explain: true,
  identify: true,
  carry: true,
  hiddenField: true,
  header: true,
  share: true,
  flush: true,
  releaseQueues: true,
};

export const CONTEXT_MEMBERS = Object.keys(MEMBERS) as (keyof ConvertContext)[];

export const isMember = (name: string | symbol): boolean => Object.hasOwn(MEMBERS, name);
