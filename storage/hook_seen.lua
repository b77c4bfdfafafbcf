-- A user came or went: written down once, however often it is said. What comes
-- gets an epoch, a number higher than every one before it; what goes has the
-- epoch of the coming that it ends.
--
-- KEYS[1]  {hooks<n>}queue
-- KEYS[2]  {hooks<n>}online
-- ARGV     1 user, 2 "online" or "offline", 3 since when, Unix time in ms,
--          4 entries that may wait
-- Answers  1 when it was written down
local user, state = ARGV[1], ARGV[2]
local epoch = redis.call('HGET', KEYS[2], user)

if (state == 'online') == (epoch ~= false) then
  return 0
end
if epoch then
  redis.call('HDEL', KEYS[2], user)
else
  local now = redis.call('TIME') -- seconds, microseconds
  epoch = string.format('%d%06d', now[1], now[2])
  redis.call('HSET', KEYS[2], user, epoch)
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'u', user,
  'i', user .. '-' .. epoch .. '-' .. state, 't', ARGV[3],
  'k', 'presence.' .. state,
  'd', string.format('{"user":"%s","epoch":%s,"since":%s}', user, epoch,
                     ARGV[3]))
return 1
