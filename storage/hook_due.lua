-- The conversation whose turn to be looked at came first; should who looks die,
-- its turn comes again.
--
-- KEYS[1]  {hooks<n>}due
-- ARGV     1 now, 2 when its turn comes again; Unix time in ms
-- Answers  a conversation, or nothing
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1],
                         'LIMIT', '0', '1')[1]
if first then
  redis.call('ZADD', KEYS[1], ARGV[2], first)
end
return first
