# SPDX-License-Identifier: Apache-2.0
"""Run unittest files and print TAP: tap_unittest.py FILE...

The plan comes last and counts what was found, so a file that cannot be loaded is a failure.
"""
import os
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0

    def _line(self, verdict, test, text=""):
        self.count += 1
        print("%s %d - %s" % (verdict, self.count, test.id().replace("#", " ")))
        for line in text.splitlines():
            print("#   " + line)
        sys.stdout.flush()

    def addSuccess(self, test):
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._line("not ok", subtest, self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._line("not ok", test, "skipped, which no test here may be: " + reason)
        self.errors.append((test, reason))


def main(files):
    loader, suite = unittest.TestLoader(), unittest.TestSuite()
    for name in files:
        folder, base = os.path.split(os.path.abspath(name))
        sys.path.insert(0, folder)
        suite.addTests(loader.loadTestsFromName(os.path.splitext(base)[0]))
    result = TapResult()
    suite.run(result)
    print("1..%d" % result.count)
    return 0 if result.wasSuccessful() and result.count else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
