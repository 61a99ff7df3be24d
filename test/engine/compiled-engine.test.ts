import { compiledEngine } from '../../src/engine/compiled-engine.js';
import { engineConformance } from './conformance.js';

engineConformance(compiledEngine(), { explainsRules: true });
