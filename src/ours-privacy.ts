/** `convert-middleware/ours-privacy`: decisions of the assignment endpoint of Ours Privacy. */
export { oursPrivacy } from './ours-privacy/ours-privacy.js';
export type {
  AssignOptions,
  OursAssignment,
  OursCall,
  OursContext,
  OursExplanation,
  OursFetch,
  OursPersonalization,
  OursPrivacy,
  OursPrivacyOptions,
  OursReason,
  OursRequest,
  OursResponse,
  OursStats,
  OursTrackOptions,
  OursTrackOutcome,
} from './ours-privacy/types.js';
export type { Mountable } from './model/mountable.js';
export type * from './convert/public-types.js';
