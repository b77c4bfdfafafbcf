"""People who talk while something breaks, and what all must have seen then."""

import asyncio


class Talker:
    """Sends numbered messages, surely, until told to stop; keeps the acks."""

    def __init__(self, client, conv, name):
        self.client = client
        self.conv = conv
        self.name = name
        self.acked = {}
        self.stop = False
        self.task = asyncio.create_task(self.run())

    async def run(self):
        number = 0
        while not self.stop:
            text = f"{self.name} {number}"
            ack = await self.client.send_surely(self.conv, text)
            self.acked[text] = ack["seq"]
            number += 1

    async def finish(self):
        self.stop = True
        await self.task

    async def until_acked(self, count):
        target = len(self.acked) + count
        while len(self.acked) < target and not self.task.done():
            await asyncio.sleep(0.01)
        assert len(self.acked) >= target, self.task


async def all_see_everything(clients, conv, acked):
    """Every acked message stands at its acked seq with everybody, once."""
    for client in clients:
        if client.closed:
            await client.reopen()
        await client.sync([conv])
        seen = client.events[conv]
        texts = client.texts(conv)
        assert sorted(seen) == list(range(1, max(seen) + 1))
        for text, seq in acked.items():
            assert seen[seq]["body"]["text"] == text
        assert len(texts) == len(set(texts))
