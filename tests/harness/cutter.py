"""Sends bytes in pieces, over many connections at once, so that the server has
read one piece before the next one leaves. Nothing sleeps: a request on a new
connection is answered when everything before it has been read.

That is so because the server is one loop, which reads in each turn from all
those who are here (AT_ONCE are no more than it hears in one), and then from
those who come, who has begun before who has not, in the order in which they
spoke. Now and then the kernel is asked whether it is true."""

import re
import socket
import struct
import time
from typing import NamedTuple

AT_ONCE = 400
# Pieces in one batch: a server does not wait for ever for all of a request.
PIECES = 8000
SECONDS = 60
REUSED = 450  # a gateway ends a connection after 1000 requests
LOOK_EVERY = 50  # barriers: to look at all connections of a machine takes long


class Job(NamedTuple):
    """`data` leaves in pieces that end at `cuts`, in ascending order, and
    `tail` together with the last of them. The answer is complete when the
    server ends the connection, or, if given, when it ends with `until`. `row`
    is the caller's."""

    row: object
    data: bytes
    cuts: tuple = ()
    tail: bytes = b""
    until: bytes = None

    def piece(self, n):
        """The bytes up to the n-th cut, from 0, or up to the end."""
        begin = self.cuts[n - 1] if n > 0 else 0
        if n < len(self.cuts):
            return self.data[begin:self.cuts[n]]
        return self.data[begin:] + self.tail


class Lane:
    """One connection. `answer` is what has come since the job began."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), SECONDS)
        self.socket.setblocking(True)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                               struct.pack("ll", SECONDS, 0))
        # Closing resets: nothing of this connection stays in the kernel.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.port = self.socket.getsockname()[1]
        self.job = None
        self.answer = b""
        self.used = 0

    def begin(self, job):
        self.job = job
        self.answer = b""
        self.used += 1

    def send(self, data):
        """A server that has ended the connection already is no error."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass

    def receive(self, until=None):
        """Reads to the end, or until the answer ends so."""
        while until is None or not self.answer.endswith(until):
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return
            except BlockingIOError:
                self.answer += b" (and then nothing)"
                return
            if not more:
                return
            self.answer += more

    def close(self):
        self.socket.close()


class Cutter:
    """`probe` and `hello` are (request, the end of its answer): what a server
    always answers, to a new connection, and what makes one ready for jobs.
    `again`: a connection of which the answer ended with `until`, and the
    probe's with the same, takes another job."""

    def __init__(self, address, probe, hello=None, again=True):
        self.address = address
        self.probe = probe
        self.hello = hello
        self.again = again
        self.free = []
        self.barriers = 0
        port = int(address.rsplit(":", 1)[1])
        self.unread = re.compile(
            rb": [0-9A-F]{8}:%04X [0-9A-F]{8}:([0-9A-F]{4}) 0[18] "
            rb"[0-9A-F]{8}:(?!00000000)" % port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for lane in self.free:
            lane.close()

    def round_trip(self):
        """The server has had its turn since everything was sent."""
        request, end = self.probe
        control = Lane(self.address)
        control.send(request)
        control.receive(end)
        assert control.answer.endswith(end), control.answer
        control.close()

    def all_read(self, lanes):
        """Waits until the server has read whatever these have sent."""
        self.round_trip()
        self.barriers += 1
        if self.barriers % LOOK_EVERY == 1:
            ports = {b"%04X" % lane.port for lane in lanes}
            with open("/proc/net/tcp", "rb") as table:
                left = ports.intersection(self.unread.findall(table.read()))
            assert not left, f"unread on {len(left)} of {len(lanes)}"

    def lanes(self, count):
        """So many connections, ready for a job."""
        free = [self.free.pop() for _ in range(min(count, len(self.free)))]
        fresh = [Lane(self.address) for _ in range(count - len(free))]
        if self.hello:
            for lane in fresh:
                lane.send(self.hello[0])
            for lane in fresh:
                lane.receive(self.hello[1])
        self.round_trip()  # they have been accepted
        return free + fresh

    def batch(self, jobs):
        lanes = self.lanes(len(jobs))
        for lane, job in zip(lanes, jobs):
            lane.begin(job)
            lane.send(job.piece(0))
        sending = lanes
        for step in range(1, 1 + max(len(job.cuts) for job in jobs)):
            sending = [lane for lane in sending if step <= len(lane.job.cuts)]
            self.all_read(sending)
            for lane in sending:
                lane.send(lane.job.piece(step))
        for lane in lanes:
            lane.receive(lane.job.until)
            yield lane.job, lane.answer
            self.leave(lane)

    def leave(self, lane):
        end = self.probe[1]
        if (self.again and lane.job.until == end and lane.used < REUSED
                and lane.answer.endswith(end)):
            self.free.append(lane)
        else:
            lane.close()

    def run(self, jobs):
        """Yields (job, answer) of each; those with few cuts come first, so
        that many have about the same number of them at once."""
        batch = []
        for job in sorted(jobs, key=lambda job: len(job.cuts)):
            pieces = (len(batch) + 1) * len(job.cuts)
            if len(batch) == AT_ONCE or (batch and pieces > PIECES):
                yield from self.batch(batch)
                batch = []
            batch.append(job)
        if batch:
            yield from self.batch(batch)
