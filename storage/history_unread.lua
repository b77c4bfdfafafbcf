-- Counts the messages of others among a few events.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 first seq, 3 last seq
-- Answers  how many
local BUCKET = 128
local prefix = string.sub(KEYS[1], 1, -5) .. 'log:'
local me, seq, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local count = 0

while seq <= last do
  local at = seq % BUCKET
  local bucket = (seq - at) / BUCKET
  local n = math.min(last - seq + 1, BUCKET - at)
  local from = bucket > 0 and at or at - 1
  for _, event in ipairs(redis.call('LRANGE', prefix .. bucket, from,
                                    from + n - 1)) do
    local sender = string.match(event, '^"ts":%d+,"from":"(%w+)",' ..
                                       '"kind":"message",')
    if sender and sender ~= me and not string.find(event, ',"deleted":{"by":',
                                                   1, true) then
      count = count + 1
    end
  end
  seq = seq + n
end
return count
