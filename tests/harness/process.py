"""One child process: started, signalled, waited for, and judged at the end."""

import os
import re
import signal
import subprocess

from .paths import AS_SERVICE
from .waiting import PATIENCE, wait_until

SANITIZER = re.compile(
    r"ERROR: AddressSanitizer|runtime error:|LeakSanitizer|Assertion .* failed"
)


class Process:
    """`command` with its output in the file `log`. When it ends and nobody
    here has asked it to, that is a finding (see `findings`).

    stop_signal  what asks this program to end in good order
    good_ends    the statuses that are one
    service      runs as the unprivileged user"""

    good_ends = frozenset({0})

    def __init__(self, name, command, log, stop_signal=signal.SIGTERM,
                 service=False):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = log
        self.stop_signal = stop_signal
        self.service = service
        self.child = None
        self.asked = False  # to end, and not waited for yet
        self.unexpected = []

    def start(self):
        """Starts it and waits until it is ready."""
        self.launch()
        self.wait_ready()

    def launch(self):
        """Starts it and returns at once."""
        self.note_death()
        assert self.child is None, f"{self.name} runs already"
        self.asked = False
        user = AS_SERVICE if self.service else []
        # Killed when the test runner is: no run leaves processes behind. A
        # change of user forgets that, so both are one setpriv's work. Its own
        # session keeps Ctrl-C away, so that we decide who ends when.
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *user, "--", *self.command],
                cwd="/",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(), start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    @property
    def alive(self):
        return self.child is not None and self.child.poll() is None

    def ready(self):
        """Whether it does its work yet; each program has its own way."""
        return True

    def wait_ready(self, seconds=PATIENCE):
        wait_until(self.ready_or_dead, f"{self.name} ready", seconds)

    def ready_or_dead(self):
        if not self.alive:
            raise AssertionError(
                f"{self.name} ended with status {self.child.returncode} while"
                f" starting, see {self.log}:\n{self.log_tail()}")
        return self.ready()

    def kill9(self):
        """Gone without a word; returns when it is."""
        self.note_death()
        if self.child is not None:
            self.child.kill()
            self.ends({-signal.SIGKILL})

    def ask_to_end(self):
        """Asks it to end in good order and returns at once."""
        self.note_death()
        if self.child is not None and not self.asked:
            self.child.send_signal(self.stop_signal)
            self.child.send_signal(signal.SIGCONT)  # it may be paused
            self.asked = True

    def terminate(self, seconds=PATIENCE):
        """Asks it to end, unless it was, and waits. A bad exit status is a
        finding."""
        self.ask_to_end()
        if self.child is not None:
            self.ends(self.good_ends, seconds)

    def restart(self):
        """Ends it in good order if it runs, and starts it again."""
        self.terminate()
        self.start()

    def pause(self):
        """Stops the clock for it: alive to the kernel, silent to everybody."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def ends(self, good, seconds=PATIENCE):
        """Waits for the end, which somebody has asked for, here or not. A
        status that is not one of `good` is a finding."""
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            self.unexpected.append(f"did not end within {seconds} s")
        else:
            if status not in good:
                self.unexpected.append(f"ended with status {status}")
        self.child = None

    def note_death(self):
        """Writes down a death that nobody asked for."""
        if self.child is not None and not self.asked and not self.alive:
            self.unexpected.append(
                f"died with status {self.child.returncode}")
            self.child = None

    def findings(self):
        """What is wrong with this process, as sentences; [] when nothing."""
        self.note_death()
        found = [f"{self.name} {what}, see {self.log}"
                 for what in self.unexpected]
        report = SANITIZER.search(self.log_text())
        if report:
            found.append(f"{self.name}: {report.group()}, see {self.log}:\n"
                         + self.log_text()[report.start():][:3000])
        return found

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=20):
        return "\n".join(self.log_text().splitlines()[-lines:])


def environment():
    """Ours without the variables that Moim's programs would read."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("MOIM_")}
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return env
