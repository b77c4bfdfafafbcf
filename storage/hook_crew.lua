-- A worker says that it is there, and hears who is.
--
-- KEYS[1]  {hooks0}crew
-- ARGV     1 who, 2 for how long in ms (0: it goes)
-- Answers  the workers, himself too, in any order
local now = redis.call('TIME') -- seconds, microseconds
local ms = now[1] * 1000 + math.floor(now[2] / 1000)

redis.call('ZADD', KEYS[1], ms + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
return redis.call('ZRANGE', KEYS[1], '0', '-1')
