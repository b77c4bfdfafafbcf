-- Appends one event to a conversation: dedupe, membership, order and storing
-- are one atomic step. All keys share the hash tag of KEYS[1].
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 sender ":" client message id, 2 hash of the body, 3 the sender's
--          gateway's member version, 4 Unix time in ms, 5 the event
-- Answers  seq | {"DUP", seq, ts} | {"CONFLICT"} | {"STALE", version}
--
-- A repeat is recognised before anything else is asked: what is stored stays
-- stored, also when the sender has left since.
local BUCKET = 128
local WINDOW = 43200000 -- 12 h; ids live through three of them, 24 h at least
local SKEW = 3600000 -- another gateway's clock may be in the next one already

local meta = KEYS[1]
local prefix = string.sub(meta, 1, -5)
local name, hash, mver, ts = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local window = math.floor(ts / WINDOW)

for w = math.floor((ts + SKEW) / WINDOW), window - 2, -1 do
  local known = redis.call('HGET', string.format('%sids:%d', prefix, w), name)
  if known then
    local seq, when, body = string.match(known, '^(%d+):(%d+):(%w+)$')
    if body ~= hash then
      return {'CONFLICT'}
    end
    return {'DUP', seq, when}
  end
end

local now = redis.call('HMGET', meta, 'head', 'mver')
if now[2] and tonumber(mver) < tonumber(now[2]) then
  return {'STALE', now[2]}
end

-- Event s is element s % 128 of bucket floor(s / 128); there is no event 0.
local seq = tonumber(now[1] or '0') + 1
local bucket = math.floor(seq / BUCKET)
local place = seq % BUCKET
if bucket > 0 then
  place = place + 1
end
local log = string.format('%slog:%d', prefix, bucket)
if redis.call('RPUSH', log, ARGV[5]) ~= place then
  redis.call('RPOP', log)
  return redis.error_reply('CORRUPT the log does not end at its head')
end
local text = string.format('%d', seq)
redis.call('HSET', meta, 'head', text, 'ts', ARGV[4], 'mver', mver)

local ids = string.format('%sids:%d', prefix, window)
redis.call('HSET', ids, name, text .. ':' .. ARGV[4] .. ':' .. hash)
if redis.call('HLEN', ids) == 1 then
  redis.call('EXPIRE', ids, 3 * WINDOW / 1000)
end
return seq
