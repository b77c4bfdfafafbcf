"""A show: a crowd that talks while something breaks, a pause until all is
quiet, and the verdict."""

import asyncio
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor

from harness.client import Account

from .check import check, intervals_of, missing
from .person import FAILURES, Person, mark_of

# How many members each conversation has: direct, narrow, and wide ones.
SIZES = (2, 2, 2, 3, 5, 8, 16, 18, 24, 36)
PEOPLE = 36
TALKERS_OF = {2: 2, 3: 2, 5: 3, 8: 3, 16: 3, 18: 3, 24: 2, 36: 2}
TALK_HZ = 9  # messages a second of one talker in one conversation
ABSENT = 3
STRANGERS = 2
BEFORE, AFTER = 0.6, 1.0  # seconds of talk around the fault
QUIET = 3.0      # nothing new for so long: all has arrived, or been repaired
QUIET_MOST = 15  # seconds (I5)


def sign_up(url, count, prefix):
    """Accounts; the hashing is the gateways' work, and takes a while."""
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda i: Account(url, f"{prefix}{i}"),
                             range(count)))


class Cast:
    """The accounts of a stage: made once, used in every show."""

    def __init__(self, stage):
        url = stage.url()
        self.members = sign_up(url, PEOPLE, "person")
        self.strangers = sign_up(url, STRANGERS, "stranger")


class Show:
    """One fault's crowd, on conversations of its own."""

    def __init__(self, stage, cast, seed, times=1):
        self.stage = stage
        self.rand = random.Random(seed)
        self.times = times  # how much longer than in CI
        self.people = [
            Person(a, stage.people_url, random.Random(f"{seed} {a.name}"))
            for a in cast.members]
        self.strangers = cast.strangers
        self.leaks = []
        self.convs = {}   # conv -> users of the beginning
        self.owners = {}  # conv -> Person
        self.joins = {}   # (conv, user) -> [when each was begun]
        self.healed = None
        self.talking = False
        self.names = 0
        self.tasks = []
        self.absent = []  # who come and go

    # The conversations.

    async def open(self):
        await asyncio.gather(*[p.come() for p in self.people])
        await asyncio.gather(*[self.make(n) for n in SIZES])

    async def make(self, size):
        members = self.rand.sample(self.people, size)
        return await self.make_of(members)

    async def make_of(self, members):
        """A group; the first is its owner and stays to the end."""
        owner = members[0]
        answer = await owner.cmd("group.create", title="show", members=[
            p.user for p in members[1:]])
        assert answer["type"] == "ok", answer
        conv = answer["conv"]
        self.convs[conv] = {p.user for p in members}
        self.owners[conv] = owner
        for person in members:
            person.convs.add(conv)
        return conv

    def members(self, conv):
        return [p for p in self.people if p.user in self.convs[conv]]

    def constant(self):
        """People who are here all the time."""
        return [p for p in self.people if p not in self.absent]

    # What they do.

    def start(self):
        self.talking = True
        for conv, users in self.convs.items():
            talkers = self.rand.sample(self.members(conv),
                                       TALKERS_OF.get(len(users), 2))
            self.tasks += [asyncio.create_task(self.talk(p, conv))
                           for p in talkers]
        self.absent = self.rand.sample(self.people, ABSENT)
        self.tasks += [asyncio.create_task(self.come_and_go(p))
                       for p in self.absent]
        self.tasks += [asyncio.create_task(self.intrude(a))
                       for a in self.strangers]

    def name(self):
        self.names += 1
        return f"m{self.names:07d}{self.rand.getrandbits(64):016x}"

    async def talk(self, person, conv):
        """One message after the other, each until it is acked."""
        while self.talking:
            due = time.monotonic() + self.rand.uniform(0.5, 1.5) / TALK_HZ
            one = await person.send(conv, self.name(),
                                    f"{person.account.name} {self.names}")
            if one.outcome != "ack":
                return  # no member any more
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def come_and_go(self, person):
        while self.talking:
            await asyncio.sleep(self.rand.uniform(0.3, 1.0))
            await person.leave()
            await asyncio.sleep(self.rand.uniform(0.2, 1.0))
            await person.come()

    async def intrude(self, account):
        """Tries everything on conversations that are not his."""
        while self.talking:
            conv = self.rand.choice(list(self.convs))
            for type_, fields in (
                    ("history", {}), ("sync", {}), ("read", {"seq": 1}),
                    ("send", {"msg": self.name(), "text": "let me in"}),
                    ("typing", {})):
                body = {"type": type_, "id": "x", "conv": conv, **fields}
                if type_ == "sync":
                    body = {"type": "sync", "id": "x",
                            "convs": [{"conv": conv, "seq": 0}]}
                answer = await asyncio.to_thread(self.try_out, account, body)
                if answer:
                    self.leaks.append((account.name, answer))
            await asyncio.sleep(0.3)

    def try_out(self, account, body):
        """What a stranger should not have got, or None."""
        try:
            reply = account.rest("POST", "/v1/cmd", body).json
        except (OSError, ValueError):
            return None
        if reply["type"] == "synced":
            one = reply["convs"][0]
            good = one["state"] in ("not_found", "unavailable") \
                and not reply["events"]
            return None if good else reply
        return None if reply["type"] == "error" else reply

    def heal(self):
        """The fault is over."""
        self.healed = time.monotonic()

    # The end.

    async def fall_silent(self):
        """Everybody finishes his last message; then nothing moves any more."""
        self.talking = False
        await asyncio.wait_for(asyncio.gather(*self.tasks), 60)
        end = time.monotonic() + QUIET_MOST
        before, since = None, time.monotonic()
        while time.monotonic() < end:
            now = sum(len(s) for p in self.people for s in p.seen.values())
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > QUIET:
                return
            await asyncio.sleep(0.1)

    async def dump(self):
        """conv -> {seq: event}: the final history, as its owner reads it."""
        found = {}
        for conv, owner in self.owners.items():
            events, head = {}, 1
            while max(events, default=0) < head:
                page = await owner.cmd("history", conv=conv, limit=100,
                                       after=max(events, default=0))
                if page["type"] == "error":
                    await owner.pause(page)
                    continue
                head = page["head"]
                assert page["events"] or head == 0, page
                for event in page["events"]:
                    events[event["seq"]] = event
            found[conv] = events
        return found

    def silent(self, histories):
        """What live sessions lack now, before they ask once more."""
        return sum(
            len(missing(p, conv, history, spans))
            for p in self.people for conv, history in histories.items()
            for spans in [intervals_of(p.user, self.convs[conv], history)]
            if spans)

    async def judge(self):
        await asyncio.gather(*[p.live.wait() for p in self.people])
        histories = await self.dump()
        silent = self.silent(histories)
        await asyncio.gather(*[p.again() for p in self.people])
        histories = await self.dump()
        verdict = check(self.people, self.leaks, self.convs, self.joins,
                        histories, self.healed, mark_of)
        verdict.silent = silent
        await asyncio.gather(*[p.leave() for p in self.people])
        return verdict

    async def play(self, nemesis):
        """Answers (how often the fault was injected, the verdict)."""
        try:
            return await self.acts(nemesis)
        finally:
            self.talking = False
            for person in self.people:
                person.give_up()

    async def acts(self, nemesis):
        await self.open()
        self.start()
        await asyncio.sleep(BEFORE)
        injected = await nemesis(self)
        if self.healed is None:
            self.heal()
        await asyncio.sleep(AFTER)
        await self.fall_silent()
        return injected, await asyncio.wait_for(self.judge(), 60)

    def save(self, path):
        """The recordings, a line of JSON each."""
        with open(path, "w", encoding="utf-8") as out:
            for person in self.people:
                for one in person.sends:
                    out.write(json.dumps({
                        "user": person.account.name, **vars(one)}) + "\n")
                for conv, events in person.seen.items():
                    for seq, (mark, when) in events.items():
                        out.write(json.dumps({
                            "user": person.account.name, "saw": conv,
                            "seq": seq, "mark": mark, "at": when}) + "\n")


__all__ = ["Cast", "Show", "FAILURES"]
