/**
 * The table of who takes part in experiments, and of what a request leaves behind, for all requests of visitors of whom
 * nothing is stored.
 */
import { it } from 'vitest';
import { expectTable } from './expect-table.js';
import { CONSENT_AXES, exchangeOf, ID_CASES, isAllowed, isAsked } from './participation-cases.js';
import { playRequest } from './play.js';
import '../support/loaded.js';

it('requests', () =>
  expectTable(
    'requests',
    {
      ...CONSENT_AXES,
      project: ['ready', 'late'],
      method: ['GET', 'HEAD'],
      link: ['plain', 'preview'],
      head: ['open', 'sent'],
      id: Object.keys(ID_CASES),
    },
    (each) => playRequest(exchangeOf(each)),
    (each) => isAsked(each) && isAllowed(each),
  ));
