#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes one line of the checks at a time, and looks whether a test notices. `make mutations` runs it.

    run.py [--only REGEX] [--part N/M] [--jobs N]

t/mutations/table.txt names the lines. Each mutant is compiled out of the tree and linked into a libsaml.so of its own, with which
the unit tests run; one that they let pass has the attacks of t/attacks/ to get past, through the command. Exit status 0 when each
mutant was killed. A mutant that survives fails, and so does one whose line is not there exactly once, or that does not compile.
With --part 2/3 every third is tried, from the second on; the lines of all are looked for.

Environment, which the makefile sets: SSO_SRCDIR, CC, CPPFLAGS, LIBS (of the library), CMOCKA_LIBS.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

SRC = os.path.abspath(os.environ.get("SSO_SRCDIR", "."))
TEST_TIMEOUT_S = 60
MAX_MEMORY_BYTES = 8 << 30
FIRST = ("response", "signature", "decrypt", "assertion", "xml")
PYTHON = [sys.executable, "-B"]


class Mutation:
    """One entry of the table: in `path`, `old` becomes `new`, which breaks `what`."""

    def __init__(self, path, old, new, what, line):
        self.path, self.old, self.new, self.what, self.line = path, old, new, what, line

    def apply(self, source):
        """The changed source, or None where `old` is not there exactly once. A line that is all of it goes before others."""
        with open(os.path.join(source, self.path), encoding="utf-8") as handle:
            lines = handle.read().split("\n")
        places = [i for i, line in enumerate(lines) if line.strip() == self.old] \
            or [i for i, line in enumerate(lines) for _ in range(line.count(self.old))]
        if len(places) != 1:
            return None
        lines[places[0]] = lines[places[0]].replace(self.old, self.new)
        return "\n".join(lines)

    def __str__(self):
        return "%s: %s" % (self.path, self.what)


def read_table(file):
    entries, path, old, new = [], None, None, None
    with open(file, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            mark, text = line[:2].strip(), line[2:].strip()
            if not line.strip() or mark == "#":
                continue
            if mark == "==":
                path = text
            elif mark == "-":
                old = text
            elif mark == "+":
                new = text
            elif mark == ":" and None not in (path, old, new):
                entries.append(Mutation(path, old, new, text, number))
                old = new = None
            else:
                raise SystemExit("table.txt, line %d: expected ==, -, + and then :, got %r" % (number, line))
    return entries


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def call(command, timeout=300, **options):
    """(ok, output); what hangs is ended and has failed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False, **options)
    except subprocess.TimeoutExpired:
        return False, "no end after %d s" % timeout
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def must(command):
    ok, text = call(command)
    if not ok:
        raise SystemExit("%s\n%s" % (shlex.join(command), text))


class Build:
    """The objects of the library, and the programs that stand on it."""

    def __init__(self, work, jobs):
        self.work, self.jobs = work, jobs
        self.source = os.path.join(work, "source")     # as it was at the start, whatever happens to the tree meanwhile
        for part in ("saml", "store", "cli", "t/attacks", "t/entra", "t/fixtures", "t/unit"):
            shutil.copytree(os.path.join(SRC, part), os.path.join(self.source, part))
        self.compiler = shlex.split(os.environ.get("CC", "cc"))
        self.flags = shlex.split(os.environ.get("CPPFLAGS", "")) + [
            "-I", self.source, "-iquote", os.path.join(self.source, "saml"), "-DSSO_VERSION=\"mutant\"",
            "-DCLI_HTTPD=\"\"", "-DCLI_HTTPD_MODULES=\"\"", "-DCLI_MODULE=\"\"", "-std=gnu11", "-g0", "-O0", "-w", "-fPIC"]
        self.libs = shlex.split(os.environ.get("LIBS", ""))
        self.stores = shlex.split(os.environ.get("STORE_LIBS", "-llmdb -lhiredis"))
        self.cmocka = shlex.split(os.environ.get("CMOCKA_LIBS", "-lcmocka"))
        self.objects, self.tests, self.cli = {}, [], os.path.join(work, "saml-sso")

    def compile(self, source, target):
        return call(self.compiler + self.flags + ["-c", source, "-o", target])

    def object_of(self, path):
        return os.path.join(self.work, path.replace("/", "_") + ".o")

    def link_library(self, folder, objects):
        os.makedirs(folder, exist_ok=True)
        return call(self.compiler + ["-shared", "-o", os.path.join(folder, "libsaml.so")] + objects + self.libs)

    def link_program(self, name, objects, more):
        must(self.compiler + ["-o", name] + objects + ["-L" + os.path.join(self.work, "whole"), "-lsaml"] + more + self.libs)

    def sources(self, pattern):
        return sorted(os.path.relpath(f, self.source) for f in glob.glob(os.path.join(self.source, pattern)))

    def wants_glue(self, path):
        """Whether the file includes something of sso/ or store/, itself or by another file of t/unit/."""
        with open(os.path.join(self.source, path), encoding="utf-8") as handle:
            included = re.findall(r'^#include "([^"]+)"', handle.read(), re.M)
        return any(name.startswith(("sso/", "store/")) or ("/" not in name and self.wants_glue("t/unit/" + name)) for name in included)

    def unit_tests(self):
        """Those of the library: the others need httpd's headers, or step between it and other libraries, for which it is linked whole."""
        return [path for path in self.sources("t/unit/test_*.c") if not self.wants_glue(path) and not self.is_between(path)]

    def is_between(self, path):
        with open(os.path.join(self.source, path), encoding="utf-8") as handle:
            return '#include "failing.h"' in handle.read()

    def all(self):
        library, command, tests = self.sources("saml/*.c"), self.sources("cli/*.c") + self.sources("store/*.c"), self.unit_tests()
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for path, (ok, text) in zip(library + command + tests, pool.map(
                    lambda p: self.compile(os.path.join(self.source, p), self.object_of(p)), library + command + tests)):
                if not ok:
                    raise SystemExit("%s does not compile:\n%s" % (path, text))
        self.objects = {p: self.object_of(p) for p in library}
        ok, text = self.link_library(os.path.join(self.work, "whole"), list(self.objects.values()))
        if not ok:
            raise SystemExit(text)
        self.link_program(self.cli, [self.object_of(p) for p in command], self.stores)
        for path in tests:
            name = os.path.join(self.work, os.path.basename(path)[:-2])
            self.link_program(name, [self.object_of(path)], self.cmocka)
            self.tests.append(name)

    def mutant(self, mutation, folder):
        """None, or what the compiler says."""
        os.makedirs(folder)
        source, target = os.path.join(folder, os.path.basename(mutation.path)), os.path.join(folder, "mutant.o")
        with open(source, "w", encoding="utf-8") as handle:
            handle.write(mutation.apply(self.source))
        ok, text = self.compile(source, target)
        if ok:
            ok, text = self.link_library(folder, [target if p == mutation.path else o for p, o in self.objects.items()])
        return None if ok else text


class Attacks:
    """The corpus, made once; the mutants read it."""

    def __init__(self, build):
        self.folder, self.scripts = os.path.join(build.work, "attacks"), os.path.join(build.source, "t/attacks")
        os.makedirs(self.folder)
        must(PYTHON + [os.path.join(self.scripts, "generate.py"), self.folder])
        with open(os.path.join(self.folder, "cases.json"), encoding="utf-8") as handle:
            self.head = json.load(handle)
        self.cases = {row["name"]: row for row in self.head["cases"]}
        self.cli = build.cli

    def tell(self, environment, folder):
        """The name of the first case that is judged otherwise than it should be, or None."""
        own = os.path.join(folder, "attacks")       # judge.py leaves a file beside the cases
        os.makedirs(own, exist_ok=True)
        head = dict(self.head, cases=[dict(row, file=os.path.join(self.folder, row["file"])) for row in self.cases.values()])
        with open(os.path.join(own, "cases.json"), "w", encoding="utf-8") as handle:
            json.dump(head, handle)
        judge = PYTHON + [os.path.join(self.scripts, "judge.py"), self.cli, own, self.folder]
        seen = 0
        with subprocess.Popen(judge, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, preexec_fn=limit) as run:
            for line in run.stdout:
                verdict = json.loads(line)
                seen += 1
                if not self.is_right(self.cases[verdict["name"]], verdict):
                    run.terminate()
                    return verdict["name"]
        return None if seen == len(self.cases) else "all that was to come after case %d" % seen

    @staticmethod
    def is_right(row, verdict):
        try:
            said = json.loads(verdict["out"])
        except ValueError:
            return False
        if row["status"] == "accepted":
            return said.get("verdict") == "accepted" and verdict["exit"] == 0 \
                and (not row["user"] or said["name_id"]["value"] == row["user"])
        return said.get("status") == row["status"] and verdict["exit"] == 1 \
            and re.search(row["says"], said["reason"], re.S) is not None


class Judge:
    """Runs the tests over a library."""

    def __init__(self, build, attacks):
        self.build, self.attacks = build, attacks

    def order(self, path):
        stem = os.path.basename(path)[:-2] if path else ""

        def rank(test):
            name = os.path.basename(test)[len("test_"):]
            nearest = [name == stem, name.startswith(stem + "_"), stem.startswith(name + "_")]
            return (nearest.index(True) if stem and True in nearest else 9, FIRST.index(name) if name in FIRST else 9, name)
        return sorted(self.build.tests, key=rank)

    def killer(self, folder, path=None):
        """(kind, name) of the test that fails with the library of `folder`, or None."""
        environment = dict(os.environ, LD_LIBRARY_PATH=folder, SSO_SRCDIR=SRC, CMOCKA_MESSAGE_OUTPUT="TAP")
        for test in self.order(path):
            ok, text = call([test], TEST_TIMEOUT_S, env=environment, cwd=self.build.work, preexec_fn=limit)
            if not ok:
                first = re.search(r"^not ok \d+ - (\S+)", text, re.M)
                return "unit", os.path.basename(test) + (" " + first.group(1) if first else "")
        case = self.attacks.tell(environment, folder)
        return ("attack", "the attack " + case) if case else None


def try_one(number, mutation, build, judge):
    """(kind, what happened)"""
    folder = os.path.join(build.work, "mutant-%d" % number)
    complaint = build.mutant(mutation, folder)
    if complaint:
        return "broken", "does not compile:\n" + complaint
    return judge.killer(folder, mutation.path) or ("survived", "no test noticed")


def part(text):
    """The slice that "2/3" stands for: of each three the second."""
    found = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", text)
    if not found or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError("expected a part like 2/3, got %s" % text)
    return slice(int(found[1]) - 1, None, int(found[2]))


def report(mutations, results):
    counts = {}
    for mutation, (kind, text) in zip(mutations, results):
        counts[kind] = counts.get(kind, 0) + 1
        print("%-8s table.txt:%d %s: %s" % (kind, mutation.line, mutation, text))
        sys.stdout.flush()
    return counts


def of_all(mutations, table, chosen):
    """How many are tried, and where that is not all, which."""
    if chosen.step == 1:
        return "%d" % len(mutations)
    return "%d of %d (part %d of %d)" % (len(mutations), len(table), chosen.start + 1, chosen.step)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="entries whose file and description match")
    parser.add_argument("--part", type=part, default="1/1", metavar="N/M")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    started = time.monotonic()
    table = [m for m in read_table(os.path.join(SRC, "t/mutations/table.txt")) if re.search(options.only, str(m))]
    mutations = table[options.part]
    with tempfile.TemporaryDirectory(prefix="mutations-") as work:
        build = Build(work, options.jobs)
        absent = ["table.txt:%d %s" % (m.line, m) for m in table if m.apply(build.source) is None]
        if absent:
            raise SystemExit("of these the line is not in the file exactly once:\n%s" % "\n".join(absent))
        build.all()
        judge = Judge(build, Attacks(build))
        before = judge.killer(os.path.join(work, "whole"))
        if before:
            raise SystemExit("without any mutation this fails: %s" % before[1])
        print("built and tested without a mutation after %d s" % (time.monotonic() - started))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            counts = report(mutations, pool.map(lambda nm: try_one(nm[0], nm[1], build, judge), enumerate(mutations)))
    killed = counts.get("unit", 0) + counts.get("attack", 0)
    print("stage: %s mutations, %d killed (%d by unit tests, %d by an attack), %d s" % (
        of_all(mutations, table, options.part), killed, counts.get("unit", 0), counts.get("attack", 0), time.monotonic() - started))
    return 0 if mutations and killed == len(mutations) else 1


if __name__ == "__main__":
    sys.exit(main())
