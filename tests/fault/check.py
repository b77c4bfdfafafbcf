"""Judges a show: the recordings of everybody against the final history. Knows
nothing of the cluster; every number is explained where it is counted.

I1 acked and stored once · I2 stored and sent · I3 one order, no holes ·
I4 a sender's order · I5 everybody got everything · I6 nobody else got
anything · I11 every operation ended, every close is a documented one."""

from functools import partial

CLOSE_CODES = {1000, 1001, 1006, 1012, 1013, 4000, 4002, 4004,
               503}  # of the balancer, instead of a handshake


class Verdict:
    """Counts, and the first few sentences about what is wrong."""

    def __init__(self):
        self.acked = 0
        self.lost = 0        # acked, and not in history as acked (I1)
        self.doubled = 0     # one message at two places (I1)
        self.phantom = 0     # stored, and nobody sent it so (I2)
        self.reordered = 0   # holes, two events at one place, a sender's
                             # messages out of order (I3, I4)
        self.leaked = 0      # seen outside of one's membership (I6)
        self.reread = 0      # the same, but only after coming back: what was
                             # said between two memberships
        self.missing = 0     # a member lacks an event after a sync (I5)
        self.silent = 0      # lacked it before, in a live session, and nothing
                             # had told the client (I5 without asking)
        self.hung = 0        # operations without an answer (I11)
        self.closes = {}     # code -> count
        self.refused = {}    # error word -> count
        self.asked = 0       # syncs that clients had to start because of holes
        self.told = 0        # `resync` pushed
        self.rewound = 0     # sync said that history went back
        self.late = []       # seconds from ack (or heal) to a member's sight
        self.back = None     # seconds from heal to the first ack
        self.notes = []

    def note(self, field, sentence, count=1):
        setattr(self, field, getattr(self, field) + count)
        if len(self.notes) < 20:
            self.notes.append(f"{field}: {sentence}")

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.phantom or self.reordered
                    or self.leaked or self.missing or self.hung
                    or set(self.closes) - CLOSE_CODES)


def intervals_of(user, first_members, history):
    """[(from, to)] of seqs that the user may see; `to` None: still a member."""
    spans = [(1, None)] if user in first_members else []
    for seq in sorted(history):
        event = history[seq]
        if event["kind"] == "member.added" and event["body"]["user"] == user:
            if not spans or spans[-1][1] is not None:
                spans.append((seq, None))
        if event["kind"] in ("member.removed", "member.left") \
                and event["body"]["user"] == user and spans:
            spans[-1] = (spans[-1][0], seq)
    return spans


def inside(seq, spans):
    return any(a <= seq and (b is None or seq <= b) for a, b in spans)


def check_history(verdict, conv, history, sends):
    """I1, I2 and half of I3 for one conversation. `sends`: (user, name) ->
    Send of everybody."""
    if sorted(history) != list(range(1, len(history) + 1)):
        verdict.note("reordered", f"{conv} has holes")
    places = {}
    for seq, event in history.items():
        if event["kind"] == "message":
            places.setdefault((event["from"], event["msg"]), []).append(seq)
    for key, seqs in places.items():
        one = sends.get(key)
        text = history[seqs[0]]["body"]["text"]
        if len(seqs) > 1:
            verdict.note("doubled", f"{conv} {key} at {seqs}")
        if one is None or one.conv != conv or one.text != text:
            verdict.note("phantom", f"{conv} {seqs} {key}")
    for key, one in sends.items():
        if one.conv != conv or one.outcome != "ack":
            continue
        verdict.acked += 1
        if one.seq not in places.get(key, []):
            verdict.note("lost", f"{conv} {key} acked at {one.seq}, stored at "
                                 f"{places.get(key)}")


def check_order(verdict, person):
    """I4: whoever waited for the ack sees his own order."""
    last = {}
    for one in sorted((s for s in person.sends if s.outcome == "ack"),
                      key=lambda s: s.begun):
        before = last.get(one.conv)
        if before and before.ended <= one.begun and before.seq >= one.seq:
            verdict.note("reordered", f"{one.conv}: {before.seq} was acked "
                                      f"before {one.seq} was sent")
        last[one.conv] = one


def came_back(seq, when, spans, first, joins):
    """Whether the person had joined again, behind the event, by then. first:
    was a member from the beginning; joins: when each joining was begun."""
    begun = sum(t < when for t in joins) + first
    return begun > 0 and seq < spans[min(begun, len(spans)) - 1][0]


def check_sights(verdict, person, conv, history, spans, back, mark_of):
    """I3, I6 and I5 for one reader of one conversation."""
    seen = person.seen.get(conv, {})
    for seq, (mark, when) in seen.items():
        if not inside(seq, spans) and back(seq, when):
            verdict.reread += 1
        elif not inside(seq, spans):
            verdict.note("leaked", f"{person.account.name} saw {conv} {seq}, "
                                   f"may see {spans}")
        elif seq in history and mark_of(history[seq]) != mark:
            verdict.note("reordered", f"{conv} {seq} was {mark}, is "
                                      f"{mark_of(history[seq])}")
        elif seq not in history:
            verdict.note("phantom", f"{person.account.name} saw {conv} {seq}")
    if spans:
        lack = missing(person, conv, history, spans)
        if lack:
            verdict.note("missing", f"{person.account.name} lacks {conv} "
                                    f"{lack[:5]} of {spans}", len(lack))


def missing(person, conv, history, spans):
    """What of the last interval the person lacks; what came before it can no
    longer be read by somebody who was away then."""
    seen = person.seen.get(conv, {})
    first, last = spans[-1]
    return [s for s in range(first, (last or len(history)) + 1)
            if s not in seen]


def check_late(verdict, person, conv, history, acks, healed):
    """How long a member with a live session waited for what was acked: from
    the ack, or from the end of the fault if that came later."""
    for seq, (_, when) in person.seen.get(conv, {}).items():
        acked = acks.get((conv, seq))
        if acked is None or seq not in history:
            continue
        span = next((s for s in person.spans
                     if s[0] <= acked and (s[1] is None or s[1] > acked)), None)
        if span is None:
            continue  # was offline then, by wish or by fault
        verdict.late.append(
            (when - acked, max(0.0, when - max(acked, healed))))


def check(people, strangers, convs, joins, histories, healed, mark_of):
    """people: Person of everybody; convs: conv -> first members; joins:
    (conv, user) -> [when]; histories: conv -> {seq: event}; healed: when
    the fault ended."""
    verdict = Verdict()
    sends = {(p.user, s.name): s for p in people for s in p.sends}
    acks = {(s.conv, s.seq): s.ended for s in sends.values()
            if s.outcome == "ack"}
    for conv, history in histories.items():
        check_history(verdict, conv, history, sends)
    for person in people:
        check_order(verdict, person)
        for conv, seq, one, two in person.strange:
            verdict.note("reordered", f"{conv} {seq} was {one}, then {two}")
        for conv, history in histories.items():
            spans = intervals_of(person.user, convs[conv], history)
            back = partial(came_back, spans=spans,
                           first=person.user in convs[conv],
                           joins=joins.get((conv, person.user), ()))
            check_sights(verdict, person, conv, history, spans, back, mark_of)
            check_late(verdict, person, conv, history, acks, healed)
        for code in person.closes:
            verdict.closes[code] = verdict.closes.get(code, 0) + 1
        for type_, begun, _ in person.hung:
            if begun > healed:
                verdict.note("hung", f"{person.account.name} {type_}")
        for one in person.sends:
            if one.outcome not in ("ack", None):
                verdict.refused[one.outcome] = \
                    verdict.refused.get(one.outcome, 0) + 1
        verdict.asked += person.asked
        verdict.told += person.told
        verdict.rewound += len(person.resyncs)
        verdict.notes += [f"rewound: {person.account.name} {one}"
                          for one in person.resyncs]
    for name, what in strangers:
        verdict.note("leaked", f"the stranger {name} was given {what}")
    after = [when - healed for when in acks.values() if when > healed]
    verdict.back = min(after, default=None)
    return verdict
