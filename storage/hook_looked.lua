-- A conversation was looked at: its turn comes at another time, or not again,
-- unless somebody said something meanwhile.
--
-- KEYS[1]  {hooks<n>}due
-- ARGV     1 conversation, 2 the time that hook_due.lua gave it, 3 its next
--          turn, or 0
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0') ~= tonumber(ARGV[2])
then
  return 0
end
if ARGV[3] == '0' then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
