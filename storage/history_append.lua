-- Appends events to conversations: of each, dedupe, membership, order and
-- storing are one atomic step. Many in one call cost much less than as many
-- calls. What fails fails alone.
--
-- KEYS[i]  {c<conversation>}meta; its other keys share the hash tag
-- ARGV     1 the window of today's client message ids; then for each event
--          sender ":" client message id, hash of the body, the sender's
--          gateway's member version, Unix time in ms, the event
-- Answers  for each: seq | {"DUP", seq, ts} | {"CONFLICT"} | {"STALE"} | error
--
-- A repeat is recognised before anything else is asked: what is stored stays
-- stored, also when the sender has left since.
local BUCKET = 128
local EACH = 5
local LIFE = 183600 -- s of a window's ids: two windows and an hour of skew

local call, format = redis.call, string.format
local window = tonumber(ARGV[1])

local function known(ids, name, hash)
  local entry = call('HGET', ids, name)
  if not entry then
    return nil
  end
  local seq, ts, same = string.match(entry, '^(%d+):(%d+):(%w+)$')
  return same == hash and {'DUP', seq, ts} or {'CONFLICT'}
end

-- A name is looked up in the newest window that was written, which is ahead
-- of ours when our clock is behind, and in the one before it.
local function append(meta, name, hash, mver, ts, event)
  local was = call('HMGET', meta, 'head', 'mver', 'ids', 'before')
  local prefix = string.sub(meta, 1, -5) .. 'ids:'
  local newest = tonumber(was[3])
  local fresh = not newest or newest < window
  local ids = prefix .. (fresh and ARGV[1] or was[3])
  local before = tonumber(fresh and was[3] or was[4])
  if before and before >= (fresh and window or newest) - 1 then
    local repeated = known(prefix .. before, name, hash)
    if repeated then
      return repeated
    end
  end
  if was[2] and tonumber(mver) < tonumber(was[2]) then
    return known(ids, name, hash) or {'STALE'}
  end

  -- Event s is element s % 128 of bucket floor(s / 128); there is no event 0.
  local seq = (was[1] or 0) + 1
  local head = format('%d', seq)
  if call('HSETNX', ids, name, head .. ':' .. ts .. ':' .. hash) == 0 then
    return known(ids, name, hash)
  end
  local place = seq % BUCKET
  local bucket = (seq - place) / BUCKET
  if bucket > 0 then
    place = place + 1
  end
  local log = format('%slog:%d', string.sub(meta, 1, -5), bucket)
  local length = redis.pcall('RPUSH', log, event)
  if length ~= place then
    call('HDEL', ids, name)
    if type(length) ~= 'number' then
      return length -- the error
    end
    call('RPOP', log)
    return redis.error_reply('CORRUPT the log does not end at its head')
  end
  if fresh then
    call('HSET', meta, 'ids', ARGV[1], 'before', was[3] or '')
    call('EXPIRE', ids, LIFE)
  end
  call('HSET', meta, 'head', head, 'ts', ts, 'mver', mver)
  return seq
end

local answers = {}
for i, meta in ipairs(KEYS) do
  local at = 2 + (i - 1) * EACH
  local _, answer = pcall(append, meta, unpack(ARGV, at, at + EACH - 1))
  if type(answer) == 'string' then -- how some stores raise an error
    answer = redis.error_reply(answer)
  end
  answers[i] = answer
end
return answers
