/**
 * Real user agents of 2024 to 2026, with the client hints that came with them, and what each client is in truth: not
 * what its user agent says. At least 99% of them are told right, and each that is not is listed with the reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBotClient } from '../../../src/request/user-agent/bots.js';
import { facts } from '../incoming.js';

interface Row {
  readonly name: string;
  readonly ua: string;
  readonly hints?: Record<string, string>;
  /** Left out where nobody can say; of bots, what they pretend to be is no matter. */
  readonly browser?: string;
  readonly code?: string;
  /** The major one. */
  readonly version?: string;
  readonly os?: string;
  readonly device: string;
  readonly devices?: string;
  readonly bot: boolean;
}

const FOLDER = join(import.meta.dirname, 'agents');
const ROWS = readdirSync(FOLDER).flatMap(
  (file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Row[],
);

/** Why a client can't be told, by its name. Whoever tells one of them takes it out. */
const MISSES: ReadonlyMap<string, string> = new Map([
  [
    'Safari on an iPad that asks for desktop pages',
    'iPadOS sends what Safari on a Mac sends, and Safari has no client hints',
  ],
  ['Brave over http', 'Brave names itself in its hints only, which go over HTTPS only'],
  [
    'an Android phone that asks for desktop pages',
    'Chrome then says in its user agent and in its hints that it is on Linux',
  ],
  [
    'a tablet of 8 inches, which asks for pages for phones',
    'its user agent and its hints are those of a phone, its model is in no list, and it was not asked for its form',
  ],
]);

function told({ ua, hints }: Row): Omit<Row, 'name' | 'ua'> {
  const headers = { 'user-agent': ua, ...hints };
  const readable = facts({ headers }).visitor;
  const convert = facts({ headers }, { properties: { vocabulary: 'convert' } }).visitor;
  return {
    browser: readable.get('browser') as string,
    code: convert.get('browser') as string,
    version: String(readable.get('browserVersion')).split('.', 1)[0]!,
    os: readable.get('os') as string,
    device: readable.get('device') as string,
    devices: (convert.get('devices') as string[]).join(' '),
    bot: isBotClient(ua, hints?.['sec-ch-ua']),
  };
}

/** What is told of a client, as far as the corpus says what it is. */
function comparison(row: Row): { found: object; expected: object } {
  const { name: _name, ua: _ua, hints: _hints, ...expected } = row;
  const found = Object.entries(told(row)).filter(([key]) => key in expected);
  return { found: Object.fromEntries(found), expected };
}

describe('real user agents', () => {
  it('are many, of all kinds, and each has a name of its own', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(300);
    expect(ROWS.filter(({ bot }) => bot).length).toBeGreaterThanOrEqual(60);
    expect(ROWS.filter(({ hints }) => hints !== undefined).length).toBeGreaterThanOrEqual(60);
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
    expect(ROWS.filter(({ name }) => MISSES.has(name)).length).toBe(MISSES.size);
  });

  it('are told, 99% of them', () => {
    expect(MISSES.size / ROWS.length).toBeLessThanOrEqual(0.01);
  });

  it.each(ROWS.map((row) => [row.name, row] as const))('%s', (name, row) => {
    const { found, expected } = comparison(row);
    if (MISSES.has(name)) expect(found, MISSES.get(name)).not.toEqual(expected);
    else expect(found).toEqual(expected);
  });
});
