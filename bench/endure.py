# SPDX-License-Identifier: Apache-2.0
"""What bench/restarts and bench/soak share: a server with users who are signed on, programs that ask in their names all the while, reports."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from programs import TOP, Failed, compile_programs, find_apxs, output
from server import WAIT_S, Server, free_port, stop_process

ENTITY = "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"
PATH, ACS = "/page.txt", "/saml/acs"
LOGOUT = "/saml/logout?target=/page.txt"
GUARD = 'AuthType SAML\n    Require valid-user\n    Header always set X-User "expr=%{REMOTE_USER}"'
CONF = """SAMLIdPIdentifier {entity}
SAMLLoginURL https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/saml2
SAMLCertificate "{keys}/idp.crt"
SAMLRequestBinding Redirect
SAMLReplyURL http://127.0.0.1:{port}/saml/acs
SAMLIdentifier http://127.0.0.1:{port}/saml/metadata
SAMLIdPInitiated on
SAMLClockSkew 0s
SAMLSessionStore {store}
SAMLSecret "{keys}/secret"
ServerLimit 16
"""
FIELDS = ("right", "unavailable", "lost", "wrong", "other", "ended", "broken", "refused")
READY = "resuming normal operations"
TIMEOUT = "2s"              # of a call to Redis, on a machine with more to do than it has processors
EXPECTED = re.compile(r"AH03092|expected a store that keeps what it is given")
SHMCB_BYTES = 256 * 1024 * 1024


class Said:
    """What a program said in one line, and from when to when that was."""

    def __init__(self, line, begin, end):
        words = line.split()
        self.begin, self.end = begin, end
        self.counts = dict(zip(FIELDS, map(int, words)))
        self.longest_ms = float(words[len(FIELDS)])
        self.signed_on = int(words[len(FIELDS) + 1]) if len(words) > len(FIELDS) + 1 else 0

    def meets(self, windows):
        return any(self.begin <= until and self.end >= since for since, until in windows)


class Asking:
    """A program that asks until it is told to end; `said` grows meanwhile."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(c) for c in command], text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said, self.complained = [], []
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._listen, self._listen_to_complaints)]
        for thread in self.threads:
            thread.start()

    def _listen(self):
        begin = time.time()
        for line in self.process.stdout:
            end = time.time()
            self.said.append(Said(line, begin, end))
            begin = end

    def _listen_to_complaints(self):
        for line in self.process.stderr:
            self.complained.append(line.rstrip())

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self.threads:
            thread.join(WAIT_S)
        if self.process.returncode != 0:
            raise Failed("the load ended before its time: " + "\n".join(self.complained[-10:]))

    def total(self, field):
        return sum(s.counts[field] for s in self.said)

    def longest_ms(self):
        return max((s.longest_ms for s in self.said), default=0)


class Redis:
    """A Redis server of our own, that keeps its data when it is stopped."""

    def __init__(self, stage):
        self.stage, self.port = stage, free_port()
        self.dir = stage.fast / "redis"
        self.dir.mkdir()
        self.process = None
        stage.stack.callback(self.stop)
        self.start()

    def start(self):
        with open(self.dir / "output", "ab") as out:
            self.process = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.dir),
                                             "--save", "86400 1", "--appendonly", "no"], stdout=out, stderr=out)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.sendall(b"PING\r\n")
                if s.recv(64).startswith(b"+PONG"):
                    return
            time.sleep(0.05)
        raise Failed(f"redis-server did not start: {(self.dir / 'output').read_text(errors='replace')[-500:]}")

    def stop(self):
        """Its data are written."""
        stop_process(self.process)


class Memcached:
    def __init__(self, stage):
        self.port = free_port()
        with open(stage.fast / "memcached", "ab") as out:
            self.process = subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "2", "-m", "512", "-M",
                                             *(("-u", "nobody") if os.geteuid() == 0 else ())], stdout=out, stderr=out)
        stage.stack.callback(stop_process, self.process)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
                return
            time.sleep(0.05)
        raise Failed(f"memcached did not start: {(stage.fast / 'memcached').read_text(errors='replace')[-500:]}")


STORES = ("lmdb", "redis", "cookie", "socache:shmcb", "socache:memcache")


class Store:
    """One of STORES with what it needs: what SAMLSessionStore says, httpd's modules, how its cookies' names begin."""

    def __init__(self, stage, name):
        if name not in STORES:
            raise Failed(f"expected a store of {', '.join(STORES)}, got {name}")
        self.name, self.modules, self.prefix, self.redis = name, (), "saml=", None
        if name == "lmdb":
            self.spec = f'"lmdb:{stage.fast}/sessions"'
        elif name == "redis":
            self.redis = Redis(stage)
            self.spec = f"redis://127.0.0.1:{self.redis.port} timeout={TIMEOUT}"
        elif name == "cookie":
            self.prefix = "saml"
            self.spec = f'"cookie:lmdb:{stage.fast}/sessions"'
        else:
            self.modules = (name.replace(":", "_"),)
            where = f"{stage.fast}/sessions({SHMCB_BYTES})" if name.endswith("shmcb") else f"127.0.0.1:{Memcached(stage).port}"
            self.spec = f'"{name}:{where}"'


class Stage:
    """Folders, keys, programs, one server."""

    def __init__(self, builddir, name, store):
        self.stack = contextlib.ExitStack()
        self.dir = self._folder(name, pathlib.Path(tempfile.gettempdir()))
        self.fast = self._folder(name, self._in_memory())
        self.builddir = pathlib.Path(builddir).resolve()
        self.apxs = find_apxs()
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpu, self.client_cpu = (cpus[0], cpus[1]) if len(cpus) > 1 else (None, None)
        self.lines = []
        try:
            self._make_ready()
            self.store = Store(self, store)
        except BaseException:
            self.stack.close()
            raise

    def _make_ready(self):
        if not (self.builddir / "mod_saml_sso.so").exists():
            raise Failed(f"{self.builddir / 'mod_saml_sso.so'} is not there: run ./setup build")
        compile_programs(self.dir, self.apxs, self.builddir, only=("client", "users"))
        for key in ("idp", "sp"):
            output(self.dir / "client", "keygen", self.dir, key)
        (self.dir / "secret").write_text(os.urandom(32).hex() + "\n")
        (self.dir / "secret").chmod(0o600)

    @staticmethod
    def _in_memory():
        base = pathlib.Path("/dev/shm")
        return base if base.is_dir() and os.access(base, os.W_OK) else pathlib.Path(tempfile.gettempdir())

    def _folder(self, name, base):
        path = pathlib.Path(tempfile.mkdtemp(prefix=f"saml-{name}.", dir=base))
        self.stack.callback(shutil.rmtree, path, ignore_errors=True)
        path.chmod(0o755)
        return path

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    @staticmethod
    def progress(line):
        print(f"bench: {line}", file=sys.stderr, flush=True)

    def start(self, sanitized=None):
        """With the module of `builddir`, or of a build with a sanitizer, which needs a httpd of its own."""
        port = free_port()
        conf = CONF.format(entity=ENTITY, port=port, keys=self.dir, store=self.store.spec)
        folder = self.dir / "server"
        folder.mkdir()
        self.server = Server(folder, self.apxs, self.server_cpu, port, {
            "guard": GUARD, "server": conf, "modules": ("headers", *self.store.modules),
            "load": f'LoadModule saml_sso_module "{(sanitized or self.builddir).resolve() / "mod_saml_sso.so"}"'})
        if sanitized:
            self.server.program = sanitized.resolve() / "t" / "httpd"
        self.stack.callback(self.server.stop)
        self.server.start()

    def pinned(self, *command):
        return [*(("taskset", "-c", self.client_cpu) if self.client_cpu is not None else ()), *command]

    def client(self, *arguments):
        return output(*self.pinned(*arguments), timeout=3600).split()

    def sign_on(self, count):
        """`count` users; the file of their cookies."""
        file = self.dir / "cookies"
        self.client(self.dir / "client", "fill", self.server.port, 8, count, 303, self.dir, ACS, self.audience(), self.store.prefix, "saml-none=0", file)
        return file

    def audience(self):
        return f"http://127.0.0.1:{self.server.port}/saml/metadata"

    def asking(self, *arguments):
        asking = Asking(self.pinned(self.dir / "users", *arguments))
        self.stack.callback(asking.process.kill)
        return asking

    def check(self, file):
        """Every session once."""
        said = output(*self.pinned(self.dir / "users", "check", self.server.port, 8, PATH, file), timeout=3600)
        return Said(said, 0, 0)

    def graceful(self):
        """Returns when the new generation serves."""
        before = self.server.complaints().count(READY)
        self.server.graceful()
        end = time.monotonic() + WAIT_S
        while self.server.complaints().count(READY) <= before:
            if time.monotonic() > end or self.server.process.poll() is not None:
                raise Failed("no new generation after a graceful restart: " + self.server.complaints()[-800:])
            time.sleep(0.02)

    def bad_lines(self):
        """[(when, line)] of the error log at warning or worse, or that tell of a crash; but for a child's end and what is said of caches."""
        bad = []
        for line in self.server.complaints().splitlines():
            if EXPECTED.search(line):
                continue
            if re.match(r"\[[^\]]*\] \[\w*:(?:warn|error|crit|alert|emerg)\]", line) or "exit signal" in line or "Sanitizer" in line:
                stamp = re.match(r"\[(\w+ \w+ \d+ [\d:]+)(\.\d+) (\d+)\]", line)
                when = time.mktime(time.strptime(f"{stamp[1]} {stamp[3]}", "%a %b %d %H:%M:%S %Y")) + float(stamp[2]) if stamp else 0
                bad.append((when, line))
        return bad

    def describe(self):
        system = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
        version = output(self.server.program, "-v").split("\n")[0].removeprefix("Server version: ")
        return (f"{os.cpu_count()} cores, {system.get('PRETTY_NAME', 'unknown system').strip(chr(34))}, {version}, event MPM. "
                f"Load of the machine at the end: {os.getloadavg()[1]:.1f}.")


NOTES = "\n## Notes\n"


def place(section):
    """By the order of STORES."""
    name = section[3:].partition(",")[0].strip()
    return STORES.index(name) if name in STORES else len(STORES)


def write_section(name, title, said, lines):
    """
    One store's tables, whose first line is "## STORE, ...", in the place of its last ones; the other stores' and what a person wrote
    under "Notes" stay. Several may write at the same time.
    """
    path = TOP / "bench" / name
    new = "\n".join(lines).strip() + "\n"
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        tables, notes, rest = file.read().partition(NOTES)
        sections = [s.strip() + "\n" for s in re.split(r"^(?=## )", tables, flags=re.M)[1:]]
        kept = [s for s in sections if place(s) != place(new)]
        file.truncate(0)
        file.write(f"<!-- SPDX-License-Identifier: Apache-2.0 -->\n# {title}\n\n{said}\n\n" + "\n".join(sorted([*kept, new], key=place))
                   + notes + rest)


def run(program, main):
    """Runs `main`; servers are stopped when the run is ended, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        return main()
    except (Failed, OSError, subprocess.TimeoutExpired) as e:
        print(f"{program}: {e}", file=sys.stderr)
        return 1
