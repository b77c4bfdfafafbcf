"""Calls that fail inside a process of a stage: preload/faultshim.c."""

from harness.paths import BIN


class Shim:
    """Of a process of the harness; counts from its next start, if put in.
    `folder` is where the process may write."""

    def __init__(self, process, folder):
        self.process, self.folder = process, folder
        self.usual = process.command

    def put_in(self):
        self.process.command = [
            "env", f"LD_PRELOAD={BIN / 'moim-faultshim.so'}",
            "ASAN_OPTIONS=verify_asan_link_order=0",
            f"FAULT_DIR={self.folder}", *self.usual]

    def take_out(self):
        self.process.command = self.usual

    def begin(self, fault):
        (self.folder / fault).touch()

    def end(self, fault):
        """Answers how often a call failed."""
        (self.folder / fault).unlink()
        count = self.folder / f"{fault}.count"
        times = count.stat().st_size if count.exists() else 0
        count.unlink(missing_ok=True)
        return times
