-- Appends events to conversations: of each, dedupe, membership, order and
-- storing are one atomic step. Many in one call cost much less than as many
-- calls. What fails fails alone.
--
-- KEYS[i]  {c<conversation>}meta; its other keys share the hash tag
-- ARGV     1 the window of today's client message ids; then for each event
--          its mark: NAME bytes that stand for the sender and his client
--          message id, and some of the body's hash; both of them in full, as
--          they were kept before there were marks; the sender's gateway's
--          member version, Unix time in ms, the event, how long events are
--          kept in ms or 0; and behind all of them, when the last one needs
--          an earlier event: its seq; and when it changes that: what must
--          stand there, what shall (a NUL in it stands for the new event's
--          seq), seq of an event to be emptied or 0, a version to remember or
--          nothing, "1" to forget the remembered ones
-- Answers  for each: seq | {"DUP", seq, ts} | {"CONFLICT"} | {"STALE"} |
--          {"MOVED"} | error
--
-- A repeat is recognised before anything else is asked: what is stored stays
-- stored, also when the sender has left since.
local BUCKET = 128
local EACH = 6
local LIFE = 183600 -- s of a window's names: two windows and an hour of skew
local NAME, MARK, RECORD = 8, 11, 15 -- bytes: a record is a mark and a place
local ROOM = 32 -- records in a group, about
local EARLIER = 10 -- versions remembered of one event
local AGAIN = 64 -- older buckets given a new end by one append

local call, format = redis.call, string.format
local window = tonumber(ARGV[1])

-- Where event `seq` is: its list, and the place there from 0.
local function place_of(meta, seq)
  local at = seq % BUCKET
  local bucket = (seq - at) / BUCKET
  return format('%slog:%d', string.sub(meta, 1, -5), bucket),
         bucket > 0 and at or at - 1
end

-- When an event was stored, in either of its forms (chat-core/event.h).
local function time_of(event)
  if string.byte(event) == 1 then
    return (struct.unpack('>I6', event, 2))
  end
  return tonumber(string.match(event, '^"ts":(%d+)'))
end

-- The end of the names is written as it is: a WAIT behind a repeat waits for
-- what is written before it, and so for the first attempt too.
local function renew(key)
  local left = call('PTTL', key)
  if left > 0 then
    call('PEXPIRE', key, format('%d', left))
  end
end

-- The groups that a name may be in, among so many names: group 1 takes the
-- first ROOM of them, groups 2 and 3 the next 2 * ROOM, 4 to 7 the next
-- 4 * ROOM, and so on. The last one takes a name that is new.
local function groups_of(mark, count)
  local a, b, c = string.byte(mark, 1, 3)
  local number = (a * 256 + b) * 256 + c
  local groups, width = {}, 1
  repeat
    groups[#groups + 1] = width + number % width
    count = count - ROOM * width
    width = 2 * width
  until count < 0
  return groups
end

local function record_in(group, name)
  local at = string.find(group, name, 1, true)
  while at and at % RECORD ~= 1 do
    at = string.find(group, name, at + 1, true)
  end
  return at and string.sub(group, at, at + RECORD - 1)
end

-- Looks for a mark in a window of `count` names, the first of which is at seq
-- base + 1. Answers what it is the repeat of, or nil, the group a new one is
-- added to, and what that holds.
local function look(meta, key, base, count, mark, ts)
  local fields = groups_of(mark, count)
  local groups = call('HMGET', key, unpack(fields))
  for _, group in ipairs(groups) do
    local record = group and record_in(group, string.sub(mark, 1, NAME))
    if record and string.sub(record, 1, MARK) ~= mark then
      renew(key)
      return {'CONFLICT'}
    elseif record then
      local seq = base + struct.unpack('>I4', record, MARK + 1)
      local event = call('LINDEX', place_of(meta, seq)) or ''
      renew(key)
      return {'DUP', format('%d', seq), format('%d', time_of(event) or ts)}
    end
  end
  return nil, fields[#fields], groups[#groups] or ''
end

-- Names that were given before there were marks, until they have expired.
local function look_before_marks(meta, name, mark)
  for _, old in ipairs(call('HMGET', meta, 'ids', 'before')) do
    local key = format('%sids:%s', string.sub(meta, 1, -5), old or '')
    local entry = call('HGET', key, name)
    if entry then
      local seq, ts, body = string.match(entry, '^(%d+):(%d+):(%w+)$')
      local a, b, c = string.byte(mark, NAME + 1, MARK)
      renew(key)
      return string.sub(body, -6) == format('%02x%02x%02x', a, b, c) and
             {'DUP', seq, ts} or {'CONFLICT'}
    end
  end
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
      expire(key, time_of(last) or ts, keep)
    end
    again = again + 1
  end
  if again >= 0 and again < bucket then
    call('HSET', meta, 'again', format('%d', again))
  elseif was[2] then
    call('HDEL', meta, 'again')
  end
end

-- The windows of the names: the newest that was written, which is ahead of
-- ours when our clock is behind, and the one before it; of each the head it
-- began at. It is `fresh` when ours is the first of its names.
local function windows_of(text, head)
  local w = {}
  w.newest, w.base, w.before, w.start =
    string.match(text or '', '^(%d+) (%d+) (%d+) (%d+)$')
  w.fresh = not w.newest or tonumber(w.newest) < window
  if w.fresh then
    w.newest, w.base, w.before, w.start =
      window, head, w.newest or 0, w.base or head
  end
  return w
end

-- What `mark` repeats, or nil and then where its record belongs: in w.names,
-- into w.field behind w.group.
local function repeat_of(meta, w, head, mark, ts)
  local prefix = string.sub(meta, 1, -5) .. 'names:'
  local repeated
  w.names = prefix .. w.newest
  repeated, w.field, w.group = look(meta, w.names, w.base, head - w.base, mark,
                                    ts)
  if not repeated and tonumber(w.before) >= w.newest - 1 then
    repeated = look(meta, prefix .. w.before, w.start, w.base - w.start, mark,
                    ts)
  end
  return repeated
end

-- Event s is element s % 128 of bucket floor(s / 128); there is no event 0.
-- Answers an error, or nil and then its list and its bucket.
local function push(meta, seq, event, keeps)
  local log, place = place_of(meta, seq)
  local length = call('RPUSH', log, event)
  if length == 1 and place > 0 and keeps then
    length = pad(log, place)
  end
  if length ~= place + 1 then
    call('RPOP', log)
    return redis.error_reply('CORRUPT the log does not end at its head')
  end
  return nil, log, math.floor(seq / BUCKET)
end

-- `more` is the index of what the event changes, or nil.
local function append(meta, more, mark, name, mver, ts, event, keep)
  local was = call('HMGET', meta, 'head', 'mver', 'names', 'keep', 'ids')
  local head = tonumber(was[1] or '0')
  local w = windows_of(was[3], head)
  local repeated = repeat_of(meta, w, head, mark, ts) or
                   was[5] and look_before_marks(meta, name, mark)
  if repeated then
    return repeated
  end
  if was[2] and tonumber(mver) < tonumber(was[2]) then
    return {'STALE'}
  end
  if more and moved(meta, ARGV[more], ARGV[more + 1]) then
    return {'MOVED'}
  end
  if more and ARGV[more + 1] then
    touch(meta, unpack(ARGV, more))
  end

  local seq = head + 1
  local failed, log, bucket = push(meta, seq, event, was[4])
  if failed then
    return failed
  end
  head = format('%d', seq)
  call('HSET', w.names, w.field,
       w.group .. mark .. struct.pack('>I4', seq - w.base))
  call('HSET', meta, 'head', head, 'ts', ts, 'mver', mver)
  if w.fresh then
    call('EXPIRE', w.names, LIFE)
    call('HSET', meta, 'names', format('%d %d %d %d', w.newest, w.base,
                                       w.before, w.start))
  end
  if was[5] and tonumber(was[5]) < w.newest - 1 then
    call('HDEL', meta, 'ids', 'before')
  end
  if keep ~= '0' or was[4] then
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
