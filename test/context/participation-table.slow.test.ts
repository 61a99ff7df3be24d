/**
 * The two largest tables of who takes part in experiments, and of what a request leaves behind: visitors of whom
 * nothing is stored, and visitors of whom something is.
 */
import { it } from 'vitest';
import { expectTable } from './expect-table.js';
import {
  CONSENT_AXES,
  exchangeOf,
  ID_CASES,
  isAllowed,
  isAsked,
  ofKind,
  STORED,
  STORE_KEYS,
  storing,
} from './participation-cases.js';
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

it('stored', () =>
  expectTable(
    'stored',
    {
      ...CONSENT_AXES,
      id: ['app', 'cookie-beside-app'],
      kind: ['GET', 'HEAD', 'preview'],
      stored: Object.keys(STORED),
    },
    (each) => playRequest({ ...exchangeOf(ofKind(each)), fill: storing(each.stored, STORE_KEYS[each.id]) }),
    (each) => isAsked(each) && (each.id === 'app' || each.consent === 'block'),
  ));
