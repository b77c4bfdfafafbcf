-- Moves one cursor of a user forward, never past the last event.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 user, 2 "" for what was read or "d" for what was delivered, 3 seq
-- Answers  {read, delivered, 1 when it moved}; who has read has got it
local key = string.sub(KEYS[1], 1, -5) .. 'read'
local user, field = ARGV[1], ARGV[2] .. ARGV[1]
local head = tonumber(redis.call('HGET', KEYS[1], 'head') or '0')
local both = redis.call('HMGET', key, user, 'd' .. user)
local read, got = tonumber(both[1] or '0'), tonumber(both[2] or '0')
local want = math.min(tonumber(ARGV[3]), head)
local moved = 0

got = math.max(read, got)
if want > (field == user and read or got) then
  redis.call('HSET', key, field, string.format('%d', want))
  moved = 1
  got = math.max(want, got)
  if field == user then
    read = want
  end
end
return {read, got, moved}
