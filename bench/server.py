# SPDX-License-Identifier: Apache-2.0
"""One private httpd, and a daemon beside it where a peer needs one: started, asked what it costs, always stopped."""

import contextlib
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

from programs import Failed, output

WAIT_S = 60
MODULES = ("mpm_event", "unixd", "authn_core", "authz_core", "authz_user", "authn_file", "auth_basic", "mime")
PAGE = "x" * 1023 + "\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children_user():
    """Whom the children run as; None where we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("www-data", "apache", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Failed("no user www-data, apache or nobody to run httpd as")


COMMON = """ServerRoot "{dir}"
DefaultRuntimeDir "{dir}/run"
PidFile run/httpd.pid
{modules}
{user}
ServerName http://127.0.0.1:{port}
Listen 127.0.0.1:{port}
DocumentRoot htdocs
ErrorLog error_log
LogLevel warn
TypesConfig /dev/null
AddType text/plain .txt
Mutex "file:{dir}/run" default
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
StartServers 2
ServerLimit 2
ThreadsPerChild 16
MinSpareThreads 16
MaxSpareThreads 32
MaxRequestWorkers 32
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory "{dir}/htdocs">
    AllowOverride None
    {guard}
</Directory>
<Directory "{dir}/htdocs/lazy">
    {lazy}
</Directory>
{server}
"""


def load_modules(folder, names):
    """LoadModule lines for those of `names` that are not built in, in their order."""
    return "\n".join(f"<IfModule !{n}_module>\nLoadModule {n}_module {folder}/mod_{n}.so\n</IfModule>"
                     for n in names if (folder / f"mod_{n}.so").exists())


def listens(path):
    """Whether somebody listens at a Unix socket, without a word to him: shibd under callgrind did not always survive an empty call."""
    entry = re.compile(r"^\S+ \S+ \S+ 00010000 \S+ \S+ +\d+ " + re.escape(path) + "$", re.M)
    return entry.search(pathlib.Path("/proc/net/unix").read_text()) is not None


def stop_process(process):
    if process and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server:
    """`setup` is what a peer says: guard, lazy, server (lines of configuration), modules, load, environment, daemon, daemon_address, store."""

    def __init__(self, folder, apxs, cpu, port, setup):
        self.dir, self.cpu, self.port, self.setup = folder, cpu, port, setup
        self.program = output(apxs, "-q", "SBINDIR").strip() + "/" + output(apxs, "-q", "PROGNAME").strip()
        self.store = setup.get("store")
        self.process = self.daemon = None
        self.wrapper = []
        self.wait_s = WAIT_S
        modules = load_modules(pathlib.Path(output(apxs, "-q", "LIBEXECDIR").strip()), MODULES + tuple(setup.get("modules", ())))
        user = children_user()
        for name in ("htdocs/lazy", "run"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("page.txt", "lazy/page.txt"):
            (folder / "htdocs" / name).write_text(PAGE)
        values = {"dir": folder, "port": port, "guard": setup["guard"], "lazy": setup.get("lazy", ""),
                  "server": setup.get("server", ""), "modules": modules + "\n" + setup.get("load", ""),
                  "user": f"User {user.pw_name}\nGroup #{user.pw_gid}" if user else ""}
        (folder / "httpd.conf").write_text(COMMON.format(**values))

    def _spawn(self, command, log):
        if self.cpu is not None:
            command = ["taskset", "-c", str(self.cpu), *command]
        with open(self.dir / log, "wb") as out:
            return subprocess.Popen([str(c) for c in command], stdout=out, stderr=out, env={**os.environ, **self.setup.get("environment", {})})

    def _wait_for(self, process, family, address, what, say=b""):
        """Until it takes connections and, where something is said to it, answers: a socket listens before all is set up."""
        def answers():
            with contextlib.suppress(OSError), socket.socket(family) as s:
                s.settimeout(max(15, self.wait_s / 4))      # a first answer takes its time on a busy machine, more under callgrind
                s.connect(address)
                s.sendall(say)
                return not say or s.recv(1)
        self._wait_until(process, answers, what)

    def _wait_until(self, process, is_ready, what):
        end = time.monotonic() + self.wait_s
        while time.monotonic() < end and process.poll() is None:
            if is_ready():
                return
            time.sleep(0.05)
        said = "".join((self.dir / n).read_text(errors="replace")
                       for n in ("stderr", "daemon_stderr", "error_log", "shibd.log") if (self.dir / n).exists())
        self.stop()
        raise Failed(f"{what} did not start: {said.strip()[-1500:]}")

    def start(self, *more):
        if "daemon" in self.setup:
            self.daemon = self._spawn([*self.wrapper, *self.setup["daemon"]], "daemon_stderr")
            family, address = self.setup["daemon_address"]
            if family == socket.AF_UNIX:
                self._wait_until(self.daemon, lambda: listens(address), self.setup["daemon"][0])
            else:
                self._wait_for(self.daemon, family, address, self.setup["daemon"][0])
        command = [*self.wrapper, self.program, "-f", self.dir / "httpd.conf", *(more or ("-DFOREGROUND",))]
        self.process = self._spawn(command, "stderr")
        self._wait_for(self.process, socket.AF_INET, ("127.0.0.1", self.port), "httpd", b"GET / HTTP/1.0\r\n\r\n")

    def stop(self):
        stop_process(self.process)
        stop_process(self.daemon)

    def graceful(self):
        self.process.send_signal(signal.SIGUSR1)

    def processes(self):
        parents = {p.pid for p in (self.process, self.daemon) if p}
        found = list(parents)
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) in parents:
                    found.append(int(stat.parent.name))
        return found

    def cpu_us(self):
        """User and system time so far of all processes, by their CPU clocks (clock_getcpuclockid(3)): ended threads count."""
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in self.processes()) / 1000

    def memory_bytes(self):
        """What the processes have written to, what they share counted once, and the store's files."""
        kb = 0
        for pid in self.processes():
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            kb += int(re.search(r"^Pss_Anon: +(\d+)", rollup, re.M)[1])
            maps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
            for entry in re.finditer(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ +(\S.*)\n(?:\w+: .*\n)*?Pss: +(\d+)", maps, re.M):
                if entry[1].startswith(("/dev/zero", "/SYSV")):
                    kb += int(entry[2])
        files = self.store.parent.rglob("*") if self.store else ()
        return kb * 1024 + sum(f.stat().st_blocks * 512 for f in files if f.is_file())

    def complaints(self):
        log = self.dir / "error_log"
        return log.read_text(errors="replace") if log.exists() else ""
