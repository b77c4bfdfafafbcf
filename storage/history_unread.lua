-- Counts the messages of others among a few events.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 the same in 8 bytes, 3 first seq, 4 last seq
-- Answers  how many
local BUCKET = 128
local prefix = string.sub(KEYS[1], 1, -5) .. 'log:'
local me, id, seq, last = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local count = 0

-- Both forms of an event are in chat-core/event.h.
local function is_others(event)
  if string.byte(event) == 1 then
    return string.sub(event, 9, 16) ~= id
  end
  local sender = string.match(event, '^"ts":%d+,"from":"(%w+)",' ..
                                     '"kind":"message",')
  return sender and sender ~= me and
         not string.find(event, ',"deleted":{"by":', 1, true)
end

while seq <= last do
  local at = seq % BUCKET
  local bucket = (seq - at) / BUCKET
  local n = math.min(last - seq + 1, BUCKET - at)
  local from = bucket > 0 and at or at - 1
  for _, event in ipairs(redis.call('LRANGE', prefix .. bucket, from,
                                    from + n - 1)) do
    count = count + (is_others(event) and 1 or 0)
  end
  seq = seq + n
end
return count
