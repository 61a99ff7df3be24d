import { adapter } from '../engines.js';
import { contestant } from './convert.js';

export const start = (experiments) => contestant(adapter, experiments);
