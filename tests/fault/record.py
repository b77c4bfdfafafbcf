"""Reads a record of moim-recorder (recorder/record.h) and judges it, as
check.py judges a show. Members do not change in such a show, so whoever is in
a conversation may see all of it."""

import struct
from collections import Counter

from .check import Verdict

LINE = struct.Struct("<BBHIIIQQ")
(SENT, ACKED, REFUSED, SEEN, STRANGE, STORED, SYSTEM, CLOSED, LIVE, TOLD,
 REWOUND, HUNG, PHASE) = range(1, 14)
HUSH, LAST_SYNC = 1, 2
LATE_MS = 250  # what took longer was repaired, not delivered


class Record:
    """One pass over the file. `convs`: the members' numbers of each."""

    def __init__(self, path, convs):
        self.convs = [frozenset(c) for c in convs]
        self.sent = {}     # (person, conv, mark) -> ms
        self.acked = []    # (person, conv, seq, mark, began, ms)
        self.history = [{} for _ in convs]   # conv -> {seq: (mark, message)}
        self.seen = {}     # (person, conv) -> {seq: (mark, ms)}
        self.strange = []
        self.count = Counter()
        self.closes = Counter()
        self.live = {}     # person -> [ms from, ms to]
        self.phases = {}
        for line in LINE.iter_unpack(path.read_bytes()):
            self._take(*line)

    def _take(self, kind, _, person, conv, seq, ms, mark, began):
        self.count[kind] += 1
        if kind == SENT:
            self.sent[person, conv, mark] = ms
        elif kind == ACKED:
            self.acked.append((person, conv, seq, mark, began, ms))
        elif kind == SEEN:
            self.seen.setdefault((person, conv), {})[seq] = (mark, ms)
        elif kind == STRANGE:
            self.strange.append((person, conv, seq))
        elif kind in (STORED, SYSTEM):
            self.history[conv][seq] = (mark, kind == STORED)
        elif kind == CLOSED:
            self.closes[mark] += 1
            self.live.setdefault(person, []).append((ms, False))
        elif kind == LIVE:
            self.live.setdefault(person, []).append((ms, True))
        elif kind == PHASE:
            self.phases[mark] = ms

    def live_throughout(self, person, begin, end):
        """Connected and synced at `begin`, and not away until `end`."""
        state = False
        for ms, live in self.live.get(person, ()):
            if ms <= begin:
                state = live
            elif ms <= end and not live:
                return False
        return state


def judge(record, verdict, healed_ms):
    """`healed_ms`: [when each fault was over], on the recorder's clock."""
    check_histories(record, verdict)
    check_acks(record, verdict)
    check_sights(record, verdict)
    check_times(record, verdict, sorted(healed_ms))
    verdict.closes = dict(record.closes)
    verdict.told = record.count[TOLD]
    verdict.rewound = record.count[REWOUND]
    if record.count[HUNG]:
        verdict.note("hung", f"{record.count[HUNG]} questions",
                     record.count[HUNG])
    if record.count[REFUSED]:
        verdict.note("lost", f"{record.count[REFUSED]} refused for good")
    return verdict


def check_histories(record, verdict):
    """I1, I2, I3: no holes, nothing twice, nothing that nobody said."""
    said = {(conv, mark) for _, conv, mark in record.sent}
    for conv, history in enumerate(record.history):
        if sorted(history) != list(range(1, len(history) + 1)):
            verdict.note("reordered", f"{conv} has holes")
        marks = Counter(m for m, message in history.values() if message)
        for mark, times in marks.items():
            if times > 1:
                verdict.note("doubled", f"{conv} {mark:x} {times} times")
            if (conv, mark) not in said:
                verdict.note("phantom", f"{conv} {mark:x}")


def check_acks(record, verdict):
    """I1: acked is stored; I4: in the order in which it was said."""
    last = {}
    for person, conv, seq, mark, began, ms in record.acked:
        verdict.acked += 1
        if record.history[conv].get(seq) != (mark, True):
            verdict.note("lost", f"{conv} {seq} acked to {person}")
        before = last.get((person, conv))
        if before and before[1] <= began and before[0] >= seq:
            verdict.note("reordered", f"{person} {conv}: {before[0]}, {seq}")
        last[person, conv] = (seq, ms)


def check_sights(record, verdict):
    """I3, I5, I6 and what was lacked until the last sync."""
    for person, conv, seq in record.strange:
        verdict.note("leaked" if conv == 0xffffffff else "reordered",
                     f"{person} saw {conv} {seq} twice, unlike")
    for (person, conv), seen in record.seen.items():
        history = record.history[conv]
        if person not in record.convs[conv]:
            verdict.note("leaked", f"{person} saw {conv}", len(seen))
        for seq, (mark, _) in seen.items():
            if seq not in history:
                verdict.note("phantom", f"{person} saw {conv} {seq}")
            elif history[seq][0] != mark:
                verdict.note("reordered", f"{conv} {seq} was another")
    end = record.phases[LAST_SYNC]
    for conv, members in enumerate(record.convs):
        for person in members:
            seen = record.seen.get((person, conv), {})
            lack = len(record.history[conv]) - len(seen)
            if lack > 0:
                verdict.note("missing", f"{person} lacks {lack} of {conv}",
                             lack)
            verdict.silent += sum(ms >= end for _, ms in seen.values())


def check_times(record, verdict, healed):
    """How long live members waited: from the ack, or from the end of the
    fault during which it was acked."""
    acks = {(conv, seq): ms for _, conv, seq, _, _, ms in record.acked}
    for (person, conv), seen in record.seen.items():
        for seq, (_, ms) in seen.items():
            acked = acks.get((conv, seq))
            if acked is None or ms <= acked + LATE_MS or \
                    not record.live_throughout(person, acked, ms):
                continue
            over = next((h for h in healed if h >= acked), acked)
            verdict.late.append(((ms - acked) / 1000,
                                 max(0, ms - max(acked, over)) / 1000))


def read(path, convs, healed_ms):
    return judge(Record(path, convs), Verdict(), healed_ms)
