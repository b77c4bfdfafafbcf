-- One worker at a time: takes the lease, or makes one's own last longer.
--
-- KEYS[1]  {hooks<n>}worker
-- ARGV     1 who asks, 2 how long in ms
-- Answers  1 when it is his
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
