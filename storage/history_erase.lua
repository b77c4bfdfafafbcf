-- Erases what one user has said, part by part: his messages become deleted
-- ones, his edits are emptied, and his cursors and what he hid go with the
-- last part.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 the same in 8 bytes, 3 first seq of this part, 4 Unix time
--          in ms
-- Answers  {the first seq of the next part or 0, how many messages it were}
local BUCKET = 128
local PARTS = 8 -- buckets in one call

local call = redis.call
local meta, user, id, seq = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local prefix = string.sub(meta, 1, -5)
local head = tonumber(call('HGET', meta, 'head') or '0')
local start = '^"ts":%d+,"from":"' .. user .. '","kind":"'
local deleted = string.format(',"body":{},"changed":%d,"deleted":{"by":"%s",' ..
                              '"ts":%s}}', head, user, ARGV[4])
local count = 0

-- The beginning of a message of his, up to its body; both forms of an event are
-- in chat-core/event.h.
local function beginning(event)
  if string.byte(event) ~= 1 then
    return string.match(event, start .. 'message","msg":"[%w_-]+"')
  elseif string.sub(event, 9, 16) == id then
    return string.format('"ts":%d,"from":"%s","kind":"message","msg":"%s"',
                         (struct.unpack('>I6', event, 2)), user,
                         string.sub(event, 17, 16 + string.byte(event, 8)))
  end
end

local function erase(log, index, event, at)
  local text = beginning(event)
  if text and not string.find(event, ',"deleted":{"by":', 1, true) then
    call('DEL', string.format('%sedits:%d', prefix, at))
    call('LSET', log, index, text .. deleted)
    count = count + 1
  elseif string.match(event, start .. 'message%.edited"') then
    call('LSET', log, index, '')
  end
end

for _ = 1, PARTS do
  if seq > head then
    break
  end
  local at = seq % BUCKET
  local bucket = (seq - at) / BUCKET
  local index = bucket > 0 and at or at - 1
  local log = string.format('%slog:%d', prefix, bucket)
  for i, event in ipairs(call('LRANGE', log, index, -1)) do
    erase(log, index + i - 1, event, seq + i - 1)
  end
  seq = (bucket + 1) * BUCKET
end
if seq <= head then
  return {seq, count}
end
call('HDEL', prefix .. 'read', user, 'd' .. user, 'h' .. user)
call('DEL', prefix .. 'hid:' .. user)
return {0, count}
