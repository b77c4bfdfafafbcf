"""Prints what a JUnit report says as "N passed, N failed, N skipped", after a
line with the reason for every skipped test."""

import sys
import xml.etree.ElementTree as ElementTree


def main(path):
    cases = ElementTree.parse(path).findall(".//testcase")
    failed = skipped = 0
    for case in cases:
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skip is not None:
            skipped += 1
            print("SKIPPED", case.get("name") + ":", skip.get("message"))
    passed = len(cases) - failed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


main(sys.argv[1])
