-- Appends events to conversations: of each, dedupe, membership, order and
-- storing are one atomic step. Many in one call cost much less than as many
-- calls. What fails fails alone.
--
-- KEYS[i]  {c<conversation>}meta; its other keys share the hash tag
-- ARGV     1 the window of today's client message ids; then for each event:
--          what is said of it, in one argument, for each costs more than its
--          bytes: the mark, which is NAME bytes that stand for the sender and
--          his client message id, and some of the body's hash; with a NUL
--          behind each of them the Unix time in ms, the sender's gateway's
--          member version, how long events are kept in ms or 0; and the name,
--          which is the sender and his client message id in full, as they were
--          kept before there were marks. Then the event. And behind all of
--          them, when the last one needs an earlier event: its seq; and when
--          it changes that: what must stand there, what shall (a NUL in it
--          stands for the new event's seq), seq of an event to be emptied or
--          0, a version to remember or nothing, "1" to forget the remembered
--          ones
-- Answers  for each: seq | {"DUP", seq, ts} | {"CONFLICT"} | {"STALE"} |
--          {"MOVED"} | error
--
-- A repeat is recognised before anything else is asked: what is stored stays
-- stored, also when the sender has left since.
local BUCKET = 128
local LIFE = 183600 -- s of a window's names: two windows and an hour of skew
local NAME, MARK, RECORD = 8, 11, 15 -- bytes: a record is a mark and a place
local GROUPS, ROOM = 64, 32 -- of a window to begin with; records in one, about
local GROW = 4 -- times as many groups then, and so on
local EARLIER = 10 -- versions remembered of one event
local AGAIN = 64 -- older buckets given a new end by one append
local WINDOW = '>I6I4' -- the head it began at, and its number
local STATE = WINDOW .. 'ss' -- of the newest one, and what else recall answers
local KEPT, FULL = 'k', 'i' -- there is a field `keep`, `ids`

local call, format, find, sub = redis.call, string.format, string.find,
                                string.sub
local char, byte = string.char, string.byte
local pack, take = struct.pack, struct.unpack
local window = tonumber(ARGV[1])

-- Where event `seq` is, for the prefix of its conversation's keys: its list,
-- and the place there from 0. Lua writes a number dearly, and reads it so.
local function place_of(prefix, seq)
  if seq < BUCKET then
    return prefix .. 'log:0', seq - 1
  end
  local at = seq % BUCKET
  return prefix .. format('log:%d', (seq - at) / BUCKET), at
end

-- When an event was stored, in either of its forms (chat-core/event.h), or
-- emptied since.
local function time_of(event)
  local first = byte(event)
  if first == 1 or first == 2 then
    return (take('>I6', event, 2))
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

local windows = {}

local function names_of(prefix, number)
  local name = windows[number]
  if not name then
    name = format('names:%d', number)
    windows[number] = name
  end
  return prefix .. name
end

local function record_in(group, mark)
  local name = sub(mark, 1, NAME)
  local at = find(group, name, 1, true)
  while at and at % RECORD ~= 1 do
    at = find(group, name, at + 1, true)
  end
  return at and sub(group, at, at + RECORD - 1)
end

-- Looks for a name in a window that has `count` of them. Answers its record,
-- or nil, the group that takes it when it is new, and what that holds.
local function look(names, count, mark)
  local field = char(byte(mark) % GROUPS)
  local group = call('HGET', names, field)
  local record = group and record_in(group, mark)
  local room, next = GROUPS * ROOM, 2
  while not record and count >= room do
    count, room = count - room, room * GROW
    field = field .. char(byte(mark, next) % GROW)
    next = next + 1
    group = call('HGET', names, field)
    record = group and record_in(group, mark)
  end
  return record, field, group or ''
end

-- The answer to what is known, in a window that began at the head `base`.
local function repeated(prefix, names, base, record, mark, ts)
  if sub(record, 1, MARK) ~= mark then
    renew(names)
    return {'CONFLICT'}
  end
  local seq = base + take('>I4', record, MARK + 1)
  local event = call('LINDEX', place_of(prefix, seq)) or ''
  renew(names)
  return {'DUP', format('%d', seq), format('%d', time_of(event) or ts)}
end

-- Names that were given before there were marks, until they have expired.
local function look_before_marks(prefix, name, mark)
  for _, old in ipairs(call('HMGET', prefix .. 'meta', 'ids', 'before')) do
    local key = prefix .. 'ids:' .. (old or '')
    local entry = call('HGET', key, name)
    if entry then
      local seq, ts, body = string.match(entry, '^(%d+):(%d+):(%w+)$')
      local a, b, c = byte(mark, NAME + 1, MARK)
      renew(key)
      return sub(body, -6) == format('%02x%02x%02x', a, b, c) and
             {'DUP', seq, ts} or {'CONFLICT'}
    end
  end
end

local function moved(prefix, seq, was)
  local stands = call('LINDEX', place_of(prefix, tonumber(seq)))
  return not stands or was and stands ~= was
end

-- Keys that have left for another server of a cluster raise an error: here,
-- where nothing is written yet.
local function touch(prefix, seq, _, _, emptied)
  call('EXISTS', prefix .. 'edits:' .. seq)
  if emptied ~= '0' then
    call('EXISTS', (place_of(prefix, tonumber(emptied))))
  end
end

local function change(prefix, head, seq, _, now, emptied, earlier, forget)
  local log, at = place_of(prefix, tonumber(seq))
  local edits = prefix .. 'edits:' .. seq
  call('LSET', log, at, (string.gsub(now, '%z', head)))
  if emptied ~= '0' then
    log, at = place_of(prefix, tonumber(emptied))
    local event = call('LINDEX', log, at)
    local time = event and time_of(event)
    if event then
      call('LSET', log, at,
           time and char(2) .. pack('>I6', time) or '')
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
local function retain(meta, prefix, log, seq, ts, keep)
  local bucket = math.floor(seq / BUCKET)
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

-- The same in the window before the one that began at `base`.
local function look_past(prefix, past, newest, base, mark, ts)
  local start, before = take(WINDOW, past)
  if before >= newest - 1 then
    local names = names_of(prefix, before)
    local record = look(names, base - start, mark)
    return record and repeated(prefix, names, start, record, mark, ts)
  end
end

-- Event s is element s % 128 of bucket floor(s / 128); there is no event 0.
-- Answers its list, or an error.
local function push(prefix, seq, event, keeps)
  local log, place = place_of(prefix, seq)
  local length = call('RPUSH', log, event)
  if length == 1 and place > 0 and keeps then
    length = pad(log, place)
  end
  if length ~= place + 1 then
    call('RPOP', log)
    error('CORRUPT the log does not end at its head', 0)
  end
  return log
end

-- What changes rarely of a conversation, from the one field that has it all:
-- the newest window, the member version, and which fields there are that hardly
-- any has; behind that the window before, if there was one. Before there was
-- that field, each had one of its own.
local function recall(meta, head, state)
  if state then
    local base, newest, known, rare, rest = take(STATE, state)
    return base, newest, known, rare, sub(state, rest)
  elseif not head then
    return 0, 0, '', '', ''
  end
  local was = call('HMGET', meta, 'base', 'window', 'mver', 'past', 'keep',
                   'ids')
  local before, start = string.match(was[4] or '', '^(%d+) (%d+)$')
  return tonumber(was[1] or '0'), tonumber(was[2] or '0'), was[3] or '',
         (was[5] and KEPT or '') .. (was[6] and FULL or ''),
         before and pack(WINDOW, start, before) or ''
end

local function has(rare, field)
  return rare ~= '' and find(rare, field, 1, true)
end

-- What there was before marks, when the last of it has expired.
local function forget_full(meta, rare, newest)
  if not has(rare, FULL) or
     tonumber(call('HGET', meta, 'ids')) >= newest - 1 then
    return rare
  end
  call('HDEL', meta, 'ids', 'before')
  return (string.gsub(rare, FULL, ''))
end

-- A name is looked up in the newest window that was written, which is ahead
-- of ours when our clock is behind, and in the one before it.
-- `more` is the index of what the event changes, or nil.
local function append(meta, given, event, more)
  local mark, ts, mver, keep, named = take('c11sss', given)
  local was = call('HMGET', meta, 'head', 'state')
  local base, newest, known, rare, past = recall(meta, was[1], was[2])
  local prefix = sub(meta, 1, -5)
  local head = tonumber(was[1] or '0')
  local fresh = newest < window
  if fresh then
    past = newest > 0 and pack(WINDOW, base, newest) or ''
    base, newest = head, window
  end
  local names = names_of(prefix, newest)
  local record, field, group = look(names, head - base, mark)
  local answer = record and repeated(prefix, names, base, record, mark, ts) or
                 past ~= '' and
                 look_past(prefix, past, newest, base, mark, ts) or
                 has(rare, FULL) and
                 look_before_marks(prefix, sub(given, named), mark)
  if answer then
    return answer
  end
  if known ~= mver and known ~= '' and tonumber(mver) < tonumber(known) then
    return {'STALE'}
  end
  if more and moved(prefix, ARGV[more], ARGV[more + 1]) then
    return {'MOVED'}
  end
  local changes = more and ARGV[more + 1]
  if changes then
    touch(prefix, unpack(ARGV, more))
  end

  local seq = head + 1
  local kept = has(rare, KEPT)
  local log = push(prefix, seq, event, kept)
  local same = was[2] and known == mver and not fresh
  head = format('%d', seq)
  call('HSET', names, field, group .. mark .. pack('>I4', seq - base))
  if fresh then
    call('EXPIRE', names, LIFE)
    rare = forget_full(meta, rare, newest)
  end
  if keep ~= '0' and not kept then
    kept, rare, same = true, rare .. KEPT, false
  end
  if same then
    call('HSET', meta, 'head', head, 'ts', ts)
  else -- an older gateway fails on such a window before it stores anything
    call('HSET', meta, 'head', head, 'ts', ts, 'mver', mver, 'state',
         pack(STATE, base, newest, mver, rare) .. past, 'window', '')
  end
  if was[1] and not was[2] then
    call('HDEL', meta, 'base', 'past')
  end
  if kept then
    retain(meta, prefix, log, seq, ts, keep)
  end
  if changes then
    change(prefix, head, unpack(ARGV, more))
  end
  if changes and keep ~= '0' then
    expire(prefix .. 'edits:' .. ARGV[more], ts, keep)
  end
  return seq
end

local answers = {}
local behind = 2 + 2 * #KEYS
for i, meta in ipairs(KEYS) do
  local more = i == #KEYS and ARGV[behind] and behind or nil
  local _, answer = pcall(append, meta, ARGV[2 * i], ARGV[2 * i + 1], more)
  if type(answer) == 'string' then -- how some stores raise an error
    answer = redis.error_reply(answer)
  end
  answers[i] = answer
end
return answers
