-- One notification of a user, once: a message that he was notified of before is
-- not the reason for another one.
--
-- KEYS[1]  {hooks<n>}queue
-- KEYS[2]  {hooks<n>}noted:<conversation>
-- ARGV     1 user, 2 seq of the last message, 3 event id, 4 its time,
--          5 its data, 6 entries that may wait, 7 how long that is known in s
-- Answers  1 when it was written down
local user, seq = ARGV[1], ARGV[2]
if tonumber(redis.call('HGET', KEYS[2], user) or '0') >= tonumber(seq) then
  return 0
end
redis.call('HSET', KEYS[2], user, seq)
redis.call('EXPIRE', KEYS[2], ARGV[7])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], '*', 'u', user, 'i',
  ARGV[3], 't', ARGV[4], 'k', 'notification', 'd', ARGV[5])
return 1
