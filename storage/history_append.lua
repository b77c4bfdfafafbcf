-- Appends events to conversations: of each, dedupe, membership, order and
-- storing are one atomic step. Many in one call cost much less than as many
-- calls. What fails fails alone.
--
-- KEYS[i]  {c<conversation>}meta; its other keys share the hash tag
-- ARGV     1 the window of today's client message ids; then for each event
--          sender ":" client message id, hash of the body, the sender's
--          gateway's member version, Unix time in ms, the event, how long
--          events are kept in ms or 0; and behind all of them, when the last
--          one needs an earlier event: its seq; and when it changes that:
--          what must stand there, what shall (a NUL in it stands for the new
--          event's seq), seq of an event to be emptied or 0, a version to
--          remember or nothing, "1" to forget the remembered ones
-- Answers  for each: seq | {"DUP", seq, ts} | {"CONFLICT"} | {"STALE"} |
--          {"MOVED"} | error
--
-- A repeat is recognised before anything else is asked: what is stored stays
-- stored, also when the sender has left since.
local BUCKET = 128
local EACH = 6
local LIFE = 183600 -- s of a window's ids: two windows and an hour of skew
local EARLIER = 10 -- versions remembered of one event
local AGAIN = 64 -- older buckets given a new end by one append

local call, format = redis.call, string.format
local window = tonumber(ARGV[1])

-- The end of the names is written as it is: a WAIT behind a repeat waits for
-- what is written before it, and so for the first attempt too.
local function known(ids, name, hash)
  local entry = call('HGET', ids, name)
  if not entry then
    return nil
  end
  local left = call('PTTL', ids)
  if left > 0 then
    call('PEXPIRE', ids, format('%d', left))
  end
  local seq, ts, same = string.match(entry, '^(%d+):(%d+):(%w+)$')
  return same == hash and {'DUP', seq, ts} or {'CONFLICT'}
end

-- Where event `seq` is: its list, and the place there from 0.
local function place_of(meta, seq)
  local at = seq % BUCKET
  local bucket = (seq - at) / BUCKET
  return format('%slog:%d', string.sub(meta, 1, -5), bucket),
         bucket > 0 and at or at - 1
end

local function moved(meta, seq, was)
  local stands = call('LINDEX', place_of(meta, tonumber(seq)))
  return not stands or was and stands ~= was
end

-- Keys that have left for another server of a cluster raise an error: here,
-- where nothing is written yet.
local function touch(meta, seq, _, _, emptied)
  call('EXISTS', string.sub(meta, 1, -5) .. 'edits:' .. seq)
  if emptied ~= '0' then
    call('EXISTS', (place_of(meta, tonumber(emptied))))
  end
end

local function change(meta, head, seq, _, now, emptied, earlier, forget)
  local log, at = place_of(meta, tonumber(seq))
  local edits = string.sub(meta, 1, -5) .. 'edits:' .. seq
  call('LSET', log, at, (string.gsub(now, '%z', head)))
  if emptied ~= '0' then
    log, at = place_of(meta, tonumber(emptied))
    if call('LINDEX', log, at) then
      call('LSET', log, at, '')
    end
  end
  if earlier ~= '' then
    call('RPUSH', edits, earlier)
    call('LTRIM', edits, -EARLIER, -1)
  end
  if forget == '1' then
    call('DEL', edits)
  end
end

-- What stood in a bucket that has expired is emptied.
local function pad(log, count)
  local blank = {}
  for i = 1, count do
    blank[i] = ''
  end
  return call('LPUSH', log, unpack(blank))
end

local function expire(key, ts, keep)
  if keep == '0' then
    call('PERSIST', key)
  else
    call('PEXPIREAT', key, format('%d', ts + keep))
  end
end

-- A bucket goes when its last event is too old. When that time is another one
-- than before, the older buckets are given theirs, some with each append.
local function retain(meta, log, bucket, ts, keep)
  local prefix = string.sub(meta, 1, -5)
  local was = call('HMGET', meta, 'keep', 'again', 'oldest')
  local again = tonumber(was[2] or '-1')
  if was[1] ~= keep then
    again = math.floor((was[3] or 1) / BUCKET)
    call('HSET', meta, 'keep', keep)
  end
  expire(log, ts, keep)
  local stop = math.min(again + AGAIN, bucket)
  while again >= 0 and again < stop do
    local key = format('%slog:%d', prefix, again)
    local last = redis.pcall('LINDEX', key, -1)
    if type(last) == 'table' then
      break -- it has left for another server of the cluster
    elseif last then
      expire(key, string.match(last, '^"ts":(%d+)') or ts, keep)
    end
    again = again + 1
  end
  if again >= 0 and again < bucket then
    call('HSET', meta, 'again', format('%d', again))
  elseif was[2] then
    call('HDEL', meta, 'again')
  end
end

-- A name is looked up in the newest window that was written, which is ahead
-- of ours when our clock is behind, and in the one before it.
-- `more` is the index of what the event changes, or nil.
local function append(meta, more, name, hash, mver, ts, event, keep)
  local was = call('HMGET', meta, 'head', 'mver', 'ids', 'before', 'keep')
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
  if more then
    local repeated = known(ids, name, hash)
    if repeated or moved(meta, ARGV[more], ARGV[more + 1]) then
      return repeated or {'MOVED'}
    end
    if ARGV[more + 1] then
      touch(meta, unpack(ARGV, more))
    end
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
  if length == 1 and place > 1 and was[5] then
    length = pad(log, place - 1)
  end
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
  if keep ~= '0' or was[5] then
    retain(meta, log, bucket, ts, keep)
  end
  if more and ARGV[more + 1] then
    change(meta, head, unpack(ARGV, more))
    if keep ~= '0' then
      expire(string.sub(meta, 1, -5) .. 'edits:' .. ARGV[more], ts, keep)
    end
  end
  return seq
end

local answers = {}
local behind = 2 + #KEYS * EACH
for i, meta in ipairs(KEYS) do
  local at = 2 + (i - 1) * EACH
  local more = i == #KEYS and ARGV[behind] and behind or nil
  local _, answer = pcall(append, meta, more, unpack(ARGV, at, at + EACH - 1))
  if type(answer) == 'string' then -- how some stores raise an error
    answer = redis.error_reply(answer)
  end
  answers[i] = answer
end
return answers
