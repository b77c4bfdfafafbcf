-- Hides an event from one user, for good.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 seq
-- Answers  how many are hidden from him, or {"FULL"}
local MOST = 1000
local prefix = string.sub(KEYS[1], 1, -5)
local key = prefix .. 'hid:' .. ARGV[1]
local count = redis.call('HLEN', key)

if redis.call('HEXISTS', key, ARGV[2]) == 1 then
  return count
end
if count >= MOST then
  return {'FULL'}
end
count = count + 1
redis.call('HSET', prefix .. 'read', 'h' .. ARGV[1], count)
redis.call('HSET', key, ARGV[2], count)
redis.call('HSET', KEYS[1], 'hides', 1)
return count
