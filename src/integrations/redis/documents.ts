/**
 * Keeps the documents of a visitor store in Redis. Each is one string, which is read in one round trip and replaced in
 * one.
 */
import { createHash } from 'node:crypto';
import type { Document, Documents, CompareAndSetResult } from '../../store/document-store.js';
import { ConvertError } from '../../utils/errors.js';
import { type RunScript, script } from './client.js';

export interface RedisDocumentsOptions {
  readonly run: RunScript;
  /** Closes the connection, if it was made for these documents. */
  readonly close: () => Promise<void>;
  /** The text that stands in front of each key. */
  readonly prefix: string;
  /** Milliseconds for which a document lives that no process reads or writes. */
  readonly maxAge: number;
  /** Milliseconds for which an ephemeral document lives: its visitor's id may never come back. */
  readonly ephemeralAge: number;
}

/**
 * Reads a document and prolongs its life, to the milliseconds in ARGV; 0 leaves it as it is. The longer life is written
 * only in the second half of the old one, and never for a document without an expiry, which other software stored.
 */
const READ = script(`
local text = redis.call('GET', KEYS[1])
if not text then return false end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[1]) / 2 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return text
`);

/**
 * Replaces a document if it is still the expected one.
 *
 * ARGV: the SHA-1 of the expected document ('' for none), the new text, the milliseconds for which it lives, and '1' if
 * a longer life of the expected document is kept.
 */
const COMPARE_AND_SET = script(`
local text = redis.call('GET', KEYS[1])
if text == '' then text = false end
local expected = text and redis.sha1hex(text) or ''
if expected ~= ARGV[1] then return {0, text or ''} end
local age = tonumber(ARGV[3])
if ARGV[4] == '1' and text then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('SET', KEYS[1], ARGV[2])
    return {1, ''}
  end
  if left > age then age = left end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', age)
return {1, ''}
`);

const DELETE = script(`return redis.call('DEL', KEYS[1])`);

/** Reads a document in an answer of Redis. An empty text counts as none, since no document is empty. */
function asDocument(text: unknown): Document | undefined {
  if (text === null || text === undefined || text === '') return undefined;
  if (typeof text !== 'string') throw unexpected();
  return { text };
}

export function redisDocuments({
  run,
  close,
  prefix,
  maxAge,
  ephemeralAge,
}: RedisDocumentsOptions): Documents {
  const keyOf = (key: string): string => prefix + key;
  return {
    remote: true,
    // A Redis client sends a command again if its connection is lost before the answer.
    mayRepeat: true,
    async read(key, prolongs) {
      return asDocument(await run(READ, [keyOf(key)], [prolongs ? String(maxAge) : '0']));
    },
    async compareAndSet(
      key,
      before,
      text,
      { ephemeral, age = ephemeral ? ephemeralAge : maxAge },
    ): Promise<CompareAndSetResult> {
      const expected = before === undefined ? '' : createHash('sha1').update(before.text).digest('hex');
      const values = [expected, text, String(age), ephemeral ? '1' : '0'];
      const answer = await run(COMPARE_AND_SET, [keyOf(key)], values);
      if (!Array.isArray(answer) || answer.length !== 2) throw unexpected();
      const [isReplaced, found] = answer as [unknown, unknown];
      // If the client sent the command twice, the second command finds the text that the first one stored.
      if (Number(isReplaced) === 1 || found === text) return { isReplaced: true };
      return { isReplaced: false, found: asDocument(found) };
    },
    async delete(key) {
      await run(DELETE, [keyOf(key)], []);
    },
    close,
  };
}

const unexpected = (): ConvertError =>
  new ConvertError('CONVERT_STORE', 'Redis gave another answer than the script does');
