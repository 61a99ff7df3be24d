import { compiledEngine } from '../engines.js';
import { contestant } from './convert.js';

export const start = (experiments) => compiledEngine && contestant(compiledEngine, experiments);
