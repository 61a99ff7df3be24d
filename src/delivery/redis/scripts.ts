/**
 * What the outbox does in Redis, each in one step. The keys of a project, in one slot of a cluster:
 *
 *     convert:{10035569-10034190}:events      the stream, an entry for each commit; group `drain`
 *     convert:{10035569-10034190}:bytes       the size of all that is in it
 *     convert:{10035569-10034190}:identity    tells this Redis from the same one after it lost what was in it
 *     convert:{10035569-10034190}:last:<producer>    the number of its last commit, and where it is: an hour
 *
 * Redis 6.2 or newer (XAUTOCLAIM), or Valkey. Replies are lists and texts only: the same in RESP2 and RESP3.
 */
import { script } from '../../redis/client.js';

/** Each looks at 80 entries at most (XAUTOCLAIM): thousands of a fleet that lives may come before those of the dead. */
const CLAIM_TRIES = 40;

/**
 * Adds a commit; again, where the answer to the first time was lost, it only says where that is. Answers its id (empty
 * where a later one was added) and the bytes of all.
 *
 * KEYS events, bytes, last. ARGV number, milliseconds to remember it, size, and the fields of the entry.
 */
export const APPEND = script(`
local last = redis.call('GET', KEYS[3])
if last then
  local number, id = string.match(last, '^(%d+) (.+)$')
  if tonumber(number) == tonumber(ARGV[1]) then return { id, redis.call('GET', KEYS[2]) or '0' } end
  if tonumber(number) > tonumber(ARGV[1]) then return { '', redis.call('GET', KEYS[2]) or '0' } end
end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 4))
redis.call('SET', KEYS[3], ARGV[1] .. ' ' .. id, 'PX', ARGV[2])
if redis.call('XLEN', KEYS[1]) == 1 then redis.call('SET', KEYS[2], '0') end
return { id, tostring(redis.call('INCRBY', KEYS[2], ARGV[3])) }
`);

/** What is gone: all up to this id where the stream is empty, else all below it. */
const FIRST = `
local function first()
  local entry = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if entry then return 'below ' .. entry[1] end
  if redis.call('EXISTS', KEYS[1]) == 0 then return 'upto 0-0' end
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for place = 1, #info, 2 do
    if info[place] == 'last-generated-id' then return 'upto ' .. info[place + 1] end
  end
  return 'upto 0-0'
end
`;

/**
 * Takes new entries for a consumer and, from a place on, those of consumers that have shown no sign of life for `idle`
 * milliseconds: up to the one with which there are so many, or so many bytes. Consumers that are long gone go, with
 * nothing left. Answers the identity, what is gone, the bytes of all, the entries (id and fields), and the place where to
 * look for more of the others; empty where there are none for now.
 *
 * KEYS events, bytes, identity. ARGV consumer, count, bytes, identity if there is none, milliseconds after which a
 * consumer is long gone, idle and place, or nothing.
 */
export const READ = script(`${FIRST}
local consumer, count, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('SET', KEYS[3], ARGV[4]) end
local entries, bytes = {}, 0
local function take(entry)
  entries[#entries + 1] = entry
  for place = 1, #entry[2], 2 do
    if entry[2][place] == 'size' then bytes = bytes + (tonumber(entry[2][place + 1]) or 0) end
  end
end
local function read()
  return redis.pcall('XREADGROUP', 'GROUP', 'drain', consumer, 'COUNT', 1, 'STREAMS', KEYS[1], '>')
end
local next = ''
if #ARGV > 5 then
  local tries = 0
  next = ARGV[7]
  repeat
    local claimed = redis.pcall('XAUTOCLAIM', KEYS[1], 'drain', consumer, ARGV[6], next, 'COUNT', 8)
    if claimed.err then next = '0-0' else
      next = claimed[1]
      for _, entry in ipairs(claimed[2]) do if entry and entry[2] then take(entry) end end
    end
    tries = tries + 1
  until next == '0-0' or #entries >= count or bytes >= most or tries >= ${CLAIM_TRIES}
  if next == '0-0' then next = '' end
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], 'drain')
  if not consumers.err then
    for _, info in ipairs(consumers) do
      local about = {}
      for place = 1, #info, 2 do about[info[place]] = info[place + 1] end
      if about.pending == 0 and about.idle > tonumber(ARGV[5]) and about.name ~= consumer then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'drain', about.name)
      end
    end
  end
end
while #entries < count and bytes < most do
  local found = read()
  if found and found.err then
    redis.call('XGROUP', 'CREATE', KEYS[1], 'drain', '0', 'MKSTREAM')
    found = read()
    if found and found.err then return found end
  end
  if not found then break end
  take(found[1][2][1])
end
return { redis.call('GET', KEYS[3]), first(), redis.call('GET', KEYS[2]) or '0', entries, next }
`);

/**
 * These are settled, and go. Answers as READ, without entries.
 *
 * KEYS events, bytes, identity. ARGV id and size of each.
 */
export const SETTLE = script(`${FIRST}
local gone = 0
for place = 1, #ARGV, 2 do
  redis.pcall('XACK', KEYS[1], 'drain', ARGV[place])
  if redis.call('XDEL', KEYS[1], ARGV[place]) == 1 then gone = gone + tonumber(ARGV[place + 1]) end
end
if redis.call('XLEN', KEYS[1]) == 0 then redis.call('SET', KEYS[2], '0') else redis.call('DECRBY', KEYS[2], gone) end
return { redis.call('GET', KEYS[3]) or '', first(), redis.call('GET', KEYS[2]), {} }
`);

/** The entries that a consumer has; `claim` lets some of them seem to have been idle for so long. */
const PENDING = `
local pending = redis.pcall('XPENDING', KEYS[1], 'drain', '-', '+', '100000', ARGV[1])
if pending.err then pending = {} end
local function claim(ids, idle)
  for from = 1, #ids, 500 do
    local command = { 'XCLAIM', KEYS[1], 'drain', ARGV[1], '0' }
    for place = from, math.min(from + 499, #ids) do command[#command + 1] = ids[place] end
    for _, word in ipairs({ 'IDLE', idle, 'JUSTID' }) do command[#command + 1] = word end
    redis.call(unpack(command))
  end
end
`;

/**
 * A sign of life. Answers the identity, and those of the entries that are still the consumer's.
 *
 * KEYS events, bytes, identity. ARGV consumer, ids.
 */
export const RENEW = script(`${PENDING}
local isPending, mine = {}, {}
for _, each in ipairs(pending) do isPending[each[1]] = true end
for place = 2, #ARGV do if isPending[ARGV[place]] then mine[#mine + 1] = ARGV[place] end end
claim(mine, '0')
return { redis.call('GET', KEYS[3]) or '', mine }
`);

/**
 * The consumer ends: its entries are for whoever asks next.
 *
 * KEYS events, bytes, identity. ARGV consumer, milliseconds that they seem to have been idle.
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

/** KEYS events, bytes, identity. */
export const SIZE = script("return redis.call('GET', KEYS[2]) or '0'");
