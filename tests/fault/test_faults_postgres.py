"""The directory is away: established chats go on."""

import asyncio
import signal

from .nemesis import start, talk_on


def test_f58_postgres_is_killed(theatre):
    """Immediate shutdown, as a crash. Sends go on meanwhile."""
    async def nemesis(show):
        postgres = show.stage.postgres
        await asyncio.to_thread(postgres.end, signal.SIGQUIT, {0, 1, 2})
        await talk_on(show, 100)
        await start(postgres)
        return 1

    theatre.play("F58 postgres crashed", nemesis)
