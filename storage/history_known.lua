-- How every script of the history begins. Behind its own arguments stand the
-- key of the store's id and the id, or two empty ones: when another id is
-- there, or none, this is not the store that was known, and nothing is done.
local id, key = table.remove(ARGV), table.remove(ARGV)
if id ~= '' and redis.call('GET', key) ~= id then
  return redis.error_reply('STORE_LOST ' .. key)
end
