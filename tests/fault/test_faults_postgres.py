"""The directory is away: established chats go on."""

import asyncio
import signal

from .nemesis import aside, start, talk_on


def test_f58_postgres_is_killed(theatre):
    """Immediate shutdown, as a crash. Sends go on meanwhile."""
    async def nemesis(show):
        postgres = show.stage.postgres
        postgres.asked = True
        postgres.child.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(postgres.ends, {0, 1, 2})
        await talk_on(show, 100)
        await start(postgres)
        return 1

    theatre.play("F58 postgres crashed", nemesis)


def test_f59_committed_and_never_answered(theatre):
    """The connection ends between COMMIT and its answer: the repeat finds
    what was done, and nothing is there twice."""
    async def nemesis(show):
        proxy, sql = show.stage.proxy, show.stage.postgres.sql
        asked = "SELECT count(*) FROM friends"
        async with aside(show, 4) as (gateway, people):
            before, lost = int(sql(asked)), 0
            for person in people[1:]:
                proxy.tell("sql down blackhole")
                call = asyncio.create_task(
                    people[0].cmd("friend.ask", user=person.user))
                await asyncio.sleep(0.5)
                lost += int(sql(asked)) > before
                proxy.tell("sql clear")
                proxy.tell("sql reset")
                answer = await call
                assert answer["type"] == "error", answer
                while answer["type"] == "error":
                    await people[0].pause(answer)
                    answer = await people[0].cmd("friend.ask",
                                                 user=person.user)
                after = int(sql(asked))
                again = await people[0].cmd("friend.ask", user=person.user)
                assert again["type"] == "ok" and int(sql(asked)) == after
                before = after
            assert gateway.alive
            return lost

    theatre.play("F59 committed, not answered", nemesis)
