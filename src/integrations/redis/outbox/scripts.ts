/**
 * The Lua scripts of the Redis outbox. Redis runs each script as one step. A project has these keys, which are in one
 * slot of a cluster:
 *
 *     convert:{10035569-10034190}:events      the stream, with an entry for each commit, and its group `drain`
 *     convert:{10035569-10034190}:bytes       the size of all entries in the stream
 *     convert:{10035569-10034190}:identity    another text after Redis has lost its data
 *     convert:{10035569-10034190}:forgotten   the visitors who were erased, in the order of erasure: the SHA-256 of the
 *                                             visitor's id, and the id of the last entry before the erasure
 *     convert:{10035569-10034190}:formats     the numbers of the formats in which there are, or were, entries
 *     convert:{10035569-10034190}:last:<producer>    the number and the id of the producer's last commit, for an hour
 *
 * All keys but `formats` end with the number of the format (`:v2`), if it is not 1.
 *
 * The scripts need Redis 6.2 or newer (XAUTOCLAIM), or Valkey. Replies hold only lists and texts, which are the same in
 * RESP2 and RESP3.
 */
import { script } from '../client.js';

/**
 * How often XAUTOCLAIM is called in one read at most. One call looks at ten entries only, and thousands of entries of
 * living processes may come before the entries of a dead one.
 */
const CLAIM_TRIES = 400;

/** Lua function: the time of Redis in milliseconds since the epoch. */
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** Lua function: the id of the last entry that the stream ever had. */
const LAST = `
local function last()
  if redis.call('EXISTS', KEYS[1]) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then return info[index + 1] end
  end
end
`;

/**
 * Adds a commit to the stream. If the commit was added before, and only the answer was lost, the script adds nothing
 * and answers the id that the commit has. Answers the id of the commit (empty if the producer has added a later one),
 * the bytes of all commits, the number of the producer's last commit before (empty if none is known), and the id of the
 * last entry before, of any producer.
 *
 * KEYS events, bytes, last, formats. ARGV number, milliseconds to remember the number, size, the format, and the fields
 * of the entry.
 */
export const APPEND = script(`${LAST}
local known, previous, before = redis.call('GET', KEYS[3]), '', last()
if known then
  local number, id = string.match(known, '^(%d+) (.+)$')
  previous = number
  local bytes = redis.call('GET', KEYS[2]) or '0'
  if tonumber(number) == tonumber(ARGV[1]) then return { id, bytes, previous, before } end
  if tonumber(number) > tonumber(ARGV[1]) then return { '', bytes, previous, before } end
end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 5))
redis.call('SET', KEYS[3], ARGV[1] .. ' ' .. id, 'PX', ARGV[2])
if redis.call('XLEN', KEYS[1]) == 1 then
  redis.call('SET', KEYS[2], '0')
  redis.call('SADD', KEYS[4], ARGV[4])
  -- Now: a Redis that is full makes no group, and would never be drained.
  redis.pcall('XGROUP', 'CREATE', KEYS[1], 'drain', '0')
end
return { id, tostring(redis.call('INCRBY', KEYS[2], ARGV[3])), previous, before }
`);

/**
 * Lua function: the answer of READ and ACKNOWLEDGE begins with the identity, the id of the first entry (empty if there
 * is none), the id of the last entry that the stream ever had, the bytes of all entries, and the time in milliseconds.
 */
const STATE = `${NOW}${LAST}
local function state(...)
  local entry = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  local identity = redis.call('GET', KEYS[3]) or ''
  local bytes = redis.call('GET', KEYS[2]) or '0'
  return { identity, entry and entry[1] or '', last(), bytes, string.format('%.0f', now()), ... }
end
`;

/**
 * Notes that visitors are erased: their events in the stream are not to be sent. Answers the id of the last entry that
 * the stream ever had.
 *
 * KEYS events, bytes, identity, forgotten. ARGV milliseconds to remember the erasures, how many erasures are
 * remembered, and the hashes of the visitors.
 */
export const ERASE = script(`${NOW}${LAST}
local upTo, time, serial = last(), now(), now()
local newest = redis.call('ZRANGE', KEYS[4], '-1', '-1', 'WITHSCORES')[2]
if newest and tonumber(newest) >= serial then serial = tonumber(newest) + 1 end
local score = string.format('%.0f', serial)
for index = 3, #ARGV do redis.call('ZADD', KEYS[4], score, ARGV[index] .. ' ' .. upTo) end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', string.format('%.0f', time - tonumber(ARGV[1])))
redis.call('ZREMRANGEBYRANK', KEYS[4], '0', string.format('%.0f', -1 - tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[4], ARGV[1])
return upTo
`);

/**
 * Lua function: the visitors who were erased after a serial, with the serial of each. Scripts add them to their
 * answers, so that no process has to ask for them.
 */
const FORGOTTEN = `
local function forgotten(since)
  return redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. since, '+inf', 'WITHSCORES')
end
`;

/**
 * Gives entries to a consumer, until there are so many entries or so many bytes. First come entries that the consumer
 * was given after some id and has not received. Then come, from a cursor on, entries of consumers that have given no
 * sign of life for `idle` milliseconds, unless it is too late for that. New entries come last. Consumers that are long
 * gone and hold no entries are removed.
 *
 * Answers the state, the entries (id and fields), the cursor from which to look for more entries of silent consumers
 * (empty if there are none for now), the indexes of the ranges that hold no entry of the consumer's making any more,
 * and the visitors who were erased.
 *
 * KEYS events, bytes, identity, forgotten. ARGV consumer, count, bytes, the identity to set if there is none,
 * milliseconds after which a consumer is long gone, the id, `idle` or nothing, the cursor, the time until which entries
 * of silent consumers may be taken, the serial of the last erasure that the consumer has heard of, and the ranges:
 * first and last id.
 */
export const READ = script(`${STATE}${FORGOTTEN}
local consumer, count, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local entries, bytes = {}, 0
local function take(entry)
  if not entry[2] then return end
  entries[#entries + 1] = entry
  for index = 1, #entry[2], 2 do
    if entry[2][index] == 'size' then bytes = bytes + (tonumber(entry[2][index + 1]) or 0) end
  end
end
local function isEnough() return #entries >= count or bytes >= most end
local function read(from, number)
  return redis.pcall('XREADGROUP', 'GROUP', 'drain', consumer, 'COUNT', number, 'STREAMS', KEYS[1], from)
end

local from = ARGV[6]
repeat
  local found = read(from, 1)
  local entry = found and not found.err and found[1] and found[1][2][1]
  if entry then take(entry) from = entry[1] end
until not entry or isEnough()

local next = ''
if ARGV[7] ~= '' and now() <= tonumber(ARGV[9]) then
  local tries = 0
  next = ARGV[8]
  repeat
    local claimed = redis.pcall('XAUTOCLAIM', KEYS[1], 'drain', consumer, ARGV[7], next, 'COUNT', 1)
    if claimed.err then next = '0-0' else
      next = claimed[1]
      for _, entry in ipairs(claimed[2]) do if entry then take(entry) end end
    end
    tries = tries + 1
  until next == '0-0' or isEnough() or tries >= ${CLAIM_TRIES}
  if next == '0-0' then next = '' end
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], 'drain')
  if not consumers.err then
    for _, info in ipairs(consumers) do
      local about = {}
      for index = 1, #info, 2 do about[info[index]] = info[index + 1] end
      if about.pending == 0 and about.idle > tonumber(ARGV[5]) and about.name ~= consumer then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'drain', about.name)
      end
    end
  end
end

while not isEnough() do
  local found = read('>', 1)
  if found and found.err then
    redis.call('XGROUP', 'CREATE', KEYS[1], 'drain', '0', 'MKSTREAM')
    found = read('>', 1)
    if found and found.err then return found end
  end
  if not found then break end
  take(found[1][2][1])
end

local empty = {}
for index = 11, #ARGV, 2 do
  local found = redis.call('XRANGE', KEYS[1], ARGV[index], ARGV[index + 1], 'COUNT', 10)
  local isEmpty = #found < 10
  for _, entry in ipairs(found) do
    for field = 1, #entry[2], 2 do
      if entry[2][field] == 'from' and entry[2][field + 1] == consumer then isEmpty = false end
    end
  end
  if isEmpty then empty[#empty + 1] = tostring((index - 11) / 2) end
end

-- Last: a Redis that is full refuses it, and is to be drained all the same.
if redis.call('EXISTS', KEYS[3]) == 0 then redis.pcall('SET', KEYS[3], ARGV[4]) end
return state(entries, next, empty, forgotten(ARGV[10]))
`);

/**
 * Acknowledges and deletes entries that are finalized. Answers the state.
 *
 * KEYS events, bytes, identity, forgotten. ARGV id and size of each entry.
 */
export const ACKNOWLEDGE = script(`${STATE}
local gone = 0
for index = 1, #ARGV, 2 do
  redis.pcall('XACK', KEYS[1], 'drain', ARGV[index])
  if redis.call('XDEL', KEYS[1], ARGV[index]) == 1 then gone = gone + tonumber(ARGV[index + 1]) end
end
if redis.call('XLEN', KEYS[1]) == 0 then redis.call('SET', KEYS[2], '0') else redis.call('DECRBY', KEYS[2], gone) end
return state()
`);

/**
 * Lua code: `pending` is the list of the entries that a consumer holds. The function `claim` sets for how long some of
 * them seem to have been idle.
 */
const PENDING = `
local pending = redis.pcall('XPENDING', KEYS[1], 'drain', '-', '+', '100000', ARGV[1])
if pending.err then pending = {} end
local function claim(ids, idle)
  for from = 1, #ids, 500 do
    local command = { 'XCLAIM', KEYS[1], 'drain', ARGV[1], '0' }
    for index = from, math.min(from + 499, #ids) do command[#command + 1] = ids[index] end
    for _, word in ipairs({ 'IDLE', idle, 'JUSTID' }) do command[#command + 1] = word end
    redis.call(unpack(command))
  end
end
`;

/**
 * Takes a sign of life of a consumer. Answers the identity, the entries that another consumer has taken over, the
 * entries that are not in the stream any more, and the visitors who were erased. If an entry is in the stream and no
 * consumer holds it, the group has lost it, and it becomes the consumer's again.
 *
 * KEYS events, bytes, identity, forgotten. ARGV consumer, the serial of the last erasure that the consumer has heard
 * of, and the ids of its entries.
 */
export const RENEW = script(`${PENDING}${FORGOTTEN}
local isPending, mine, theirs, gone = {}, {}, {}, {}
for _, each in ipairs(pending) do isPending[each[1]] = true end
for index = 3, #ARGV do
  local id = ARGV[index]
  if isPending[id] then mine[#mine + 1] = id else
    local other = redis.pcall('XPENDING', KEYS[1], 'drain', id, id, 1)
    if not other.err and other[1] then theirs[#theirs + 1] = id
    elseif redis.call('XRANGE', KEYS[1], id, id)[1] then
      redis.pcall('XCLAIM', KEYS[1], 'drain', ARGV[1], '0', id, 'FORCE', 'JUSTID')
    else gone[#gone + 1] = id end
  end
end
claim(mine, '0')
return { redis.call('GET', KEYS[3]) or '', theirs, gone, forgotten(ARGV[2]) }
`);

/**
 * Ends a consumer: any consumer that asks next may take its entries.
 *
 * KEYS events, bytes, identity, forgotten. ARGV consumer, milliseconds for which its entries seem to have been idle.
 */
export const RELEASE = script(`${PENDING}
local all = {}
for _, each in ipairs(pending) do all[#all + 1] = each[1] end
claim(all, ARGV[2])
if #all == 0 and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.pcall('XGROUP', 'DELCONSUMER', KEYS[1], 'drain', ARGV[1])
end
return #all
`);

/**
 * Answers in how many other formats there are entries, in streams of other versions of this package. The other streams
 * are in the same slot of a cluster as the given one.
 *
 * KEYS formats, events. ARGV the own format, and how many characters of the key `events` tell it.
 */
export const OTHER_FORMATS = script(`
local count = 0
local name = string.sub(KEYS[2], 1, -1 - tonumber(ARGV[2]))
for _, format in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local stream = format == '1' and name or name .. ':v' .. format
  if format ~= ARGV[1] and redis.call('TYPE', stream).ok == 'stream' and redis.call('XLEN', stream) > 0 then
    count = count + 1
  end
end
return count
`);

/** Answers the bytes of all entries. KEYS events, bytes, identity, forgotten. */
export const SIZE = script("return redis.call('GET', KEYS[2]) or '0'");
