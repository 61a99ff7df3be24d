/** Thousands of random patterns: they answer as the official SDK does, and none holds the event loop. */
import { describe } from 'vitest';
import { attacker } from './attacks.js';
import { answersByRe2, answersOfTheSdk, attacksOfNobody, countedSteps } from './random-regexes.js';

describe('a pattern', () => {
  answersOfTheSdk(2500);
  answersByRe2(2000);
});

describe('a pattern that is attacked', () => attacksOfNobody(attacker(), 1000));

describe('the bound on the steps of a pattern', () => countedSteps(1500));
