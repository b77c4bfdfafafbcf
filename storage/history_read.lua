-- Moves a read cursor forward, never past the last event.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 seq
-- Answers  the cursor as it is now
local key = string.sub(KEYS[1], 1, -5) .. 'read'
local head = tonumber(redis.call('HGET', KEYS[1], 'head') or '0')
local was = tonumber(redis.call('HGET', key, ARGV[1]) or '0')
local want = math.min(tonumber(ARGV[2]), head)
if want <= was then
  return was
end
redis.call('HSET', key, ARGV[1], string.format('%d', want))
return want
