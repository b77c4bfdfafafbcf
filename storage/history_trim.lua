-- Purges what is from before a time: whole buckets are deleted, single events
-- emptied, and those that have expired by themselves are passed over. What is
-- left is found in order; a call does a bounded part of much.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 the time, Unix ms
-- Answers  the oldest seq that is kept; one after the head when none is
local BUCKET = 128
local STEPS = 1000

local call = redis.call
local meta, before = KEYS[1], tonumber(ARGV[1])
local prefix = string.sub(meta, 1, -5)
local was = call('HMGET', meta, 'head', 'oldest')
local head, oldest = tonumber(was[1] or '0'), tonumber(was[2] or '1')

-- In either form of an event (chat-core/event.h); 0: it is emptied.
local function time_of(event)
  if string.byte(event) == 1 then
    return (struct.unpack('>I6', event, 2))
  end
  return tonumber(string.match(event, '^"ts":(%d+)') or '0')
end

-- The remembered versions of the events from `first` to `last`.
local function forget(first, last)
  local keys = {}
  for s = first, last do
    keys[#keys + 1] = string.format('%sedits:%d', prefix, s)
  end
  call('DEL', unpack(keys))
end

local since = before
for _ = 1, STEPS do
  if oldest > head then
    break
  end
  local at = oldest % BUCKET
  local bucket = (oldest - at) / BUCKET
  local log = string.format('%slog:%d', prefix, bucket)
  local last = (bucket + 1) * BUCKET - 1
  local index = bucket > 0 and at or at - 1
  local event = call('LINDEX', log, index)
  if not event then
    oldest = math.min(last, head) + 1
  elseif last <= head and time_of(call('LINDEX', log, -1)) < before then
    forget(oldest, last)
    call('DEL', log)
    oldest = last + 1
  else
    since = time_of(event)
    if since >= before then
      break
    end
    if event ~= '' then
      forget(oldest, oldest)
      call('LSET', log, index, '')
    end
    oldest = oldest + 1
  end
end
if oldest > head then
  since = before
end
call('HSET', meta, 'oldest', string.format('%d', oldest), 'oldest_ts',
     string.format('%d', since))
return oldest
