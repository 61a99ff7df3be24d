/** The digest by which configs are compared, and by which a project cache knows damaged ones. */
import { createHash } from 'node:crypto';
import type { DigestOf } from './change-detector.js';

export const digestOf: DigestOf = (body) => createHash('sha256').update(body).digest('base64');
