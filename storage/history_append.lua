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

local call, floor = redis.call, math.floor
local meta, name, ts = KEYS[1], ARGV[1], ARGV[4]
local prefix = string.sub(meta, 1, -5)
local window = floor(ts / WINDOW)

for w = floor((ts + SKEW) / WINDOW), window - 2, -1 do
  local known = call('HGET', prefix .. 'ids:' .. w, name)
  if known then
    local seq, when, hash = string.match(known, '^(%d+):(%d+):(%w+)$')
    if hash ~= ARGV[2] then
      return {'CONFLICT'}
    end
    return {'DUP', seq, when}
  end
end

local was = call('HMGET', meta, 'head', 'mver', 'ids')
if was[2] and tonumber(ARGV[3]) < tonumber(was[2]) then
  return {'STALE', was[2]}
end

-- Event s is element s % 128 of bucket floor(s / 128); there is no event 0.
local seq = (was[1] or 0) + 1
local place = seq % BUCKET
local bucket = (seq - place) / BUCKET
if bucket > 0 then
  place = place + 1
end
local log = prefix .. 'log:' .. bucket
if call('RPUSH', log, ARGV[5]) ~= place then
  call('RPOP', log)
  return redis.error_reply('CORRUPT the log does not end at its head')
end

local head = string.format('%d', seq)
local ids = prefix .. 'ids:' .. window
call('HSET', ids, name, head .. ':' .. ts .. ':' .. ARGV[2])
if was[3] == tostring(window) then
  call('HSET', meta, 'head', head, 'ts', ts, 'mver', ARGV[3])
else
  call('HSET', meta, 'head', head, 'ts', ts, 'mver', ARGV[3], 'ids', window)
  call('EXPIRE', ids, 3 * WINDOW / 1000)
end
return seq
