"""Prints what a JUnit report (xunit1) says of the tests that failed, as
../again.sh reads it: "FAILED FILE: NAME" and, indented, the end of why.

Not of one around which something broke, as a cluster that did not start, a
process that died or what a sanitizer said: those are no races of a test."""

import sys
import xml.etree.ElementTree as ElementTree

LINES = 12


def main(path):
    cases = ElementTree.parse(path).findall(".//testcase")
    def key(case):
        return case.get("file"), case.get("name")
    broken = {key(case) for case in cases if case.find("error") is not None}
    for case in cases:
        failure = case.find("failure")
        if failure is None or key(case) in broken:
            continue
        print("FAILED {}: {}".format(*key(case)))
        why = [line for line in failure.text.splitlines() if line.strip()]
        print(*(f"    {line}" for line in why[-LINES:]), sep="\n")


main(sys.argv[1])
