# SPDX-License-Identifier: Apache-2.0
"""A private httpd: its own ServerRoot in a fresh folder, modules from apxs's LIBEXECDIR, stopped by pid.

    with Workspace(builddir) as folder:
        with Httpd(folder, include="conf/demo.conf", defines={...}, listen=[8443]) as server: ...
"""
import ctypes
import errno
import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

MODULES = ("unixd", "log_config", "authn_core", "authz_core", "authz_groupfile", "authz_user", "env", "setenvif", "alias",
           "headers", "rewrite", "proxy", "proxy_http", "socache_shmcb", "ssl", "http2", "watchdog")
START_S = 20
STOP_S = 15
QUIET_S = 0.1


class Problem(Exception):
    """What could not be done, in a sentence for a person."""


def _is_free(port):
    """The number that was bound on 127.0.0.1, or None; ::1 must be free too, browsers try it first for localhost."""
    with socket.socket() as v4, socket.socket(socket.AF_INET6) as v6:
        for probe in (v4, v6):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            v4.bind(("127.0.0.1", port))
            port = v4.getsockname()[1]
            v6.bind(("::1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):    # a machine without IPv6
                return None
        return port


# Ports that the system gives to nobody who asks for any, from a place of each process: none is taken between the look and its use.
_own_ports = (20000 + n % 12000 for n in itertools.count(os.getpid() * 7919 % 600 * 20))


def free_port(preferred=None, tries=50):
    """A free port of 127.0.0.1: `preferred`, or the next free one after it, or any; each call without it another."""
    for port in range(preferred, preferred + tries) if preferred else itertools.islice(_own_ports, tries):
        found = _is_free(port)
        if found:
            return found
    raise Problem("no free port" + (" from %d to %d" % (preferred, preferred + tries - 1) if preferred else ""))


def _apxs(variable):
    program = os.environ.get("APXS") or shutil.which("apxs") or shutil.which("apxs2") \
        or shutil.which("apxs", path="/usr/sbin:/usr/local/sbin:/usr/local/apache2/bin")
    if not program:
        raise Problem("apxs was not found: install apache2-dev (Debian, Ubuntu) or httpd-devel (Fedora)")
    done = subprocess.run([program, "-q", variable], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Problem("%s -q %s: %s" % (program, variable, done.stderr.strip()))
    return done.stdout.strip()


def httpd_program():
    """SSO_HTTPD, else the httpd that apxs belongs to."""
    return os.environ.get("SSO_HTTPD") or os.path.join(_apxs("SBINDIR"), _apxs("PROGNAME"))


def unprivileged():
    """(user, group) for the children of an httpd started as root."""
    for name in ("www-data", "apache", "nobody"):
        try:
            user = pwd.getpwnam(name)
            return name, grp.getgrgid(user.pw_gid).gr_name
        except KeyError:
            continue
    raise Problem("there is no user www-data, apache or nobody for httpd's children")


def _others_may_pass(path):
    """Whether another user can reach into the folder: x for others on every step."""
    path = os.path.realpath(path)
    while True:
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


class Workspace:
    """A fresh folder inside the build folder, removed at the end.

    Started by root, httpd's children run as another user: where that user cannot reach the build
    folder, the fresh folder lies in the system's temporary folder instead.
    """

    def __init__(self, builddir, name="demo"):
        parent = os.path.abspath(builddir)
        if os.geteuid() == 0 and not _others_may_pass(parent):
            parent = None
        self.path = tempfile.mkdtemp(prefix=name + ".", dir=parent)
        os.chmod(self.path, 0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *unused):
        shutil.rmtree(self.path, ignore_errors=True)
        if os.path.exists(self.path):
            raise Problem("%s could not be removed" % self.path)


def _die_with_parent():
    """SIGTERM when the parent is gone, so that even a killed demo leaves no server (Linux)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(1, signal.SIGTERM, 0, 0, 0)


def mpm_of_environment():
    """What the tests run under; "default" is event, as everywhere in them."""
    mpm = os.environ.get("SSO_MPM") or "default"
    return "event" if mpm == "default" else mpm


class Httpd:
    """One httpd process. `include` is the configuration under test, `defines` its ${...} names."""

    def __init__(self, folder, module, include, defines, listen, mpm=None, extra=""):
        self.folder = folder
        self.error_log = os.path.join(folder, "error.log")
        self.conf = os.path.join(folder, "httpd.conf")
        self.ports = list(listen)
        self.process = None
        os.makedirs(os.path.join(folder, "run"), exist_ok=True)
        os.makedirs(os.path.join(folder, "htdocs"), exist_ok=True)
        with open(self.conf, "w", encoding="utf-8") as handle:
            handle.write(self._text(module, include, defines, mpm or mpm_of_environment(),
                                    extra))

    def _text(self, module, include, defines, mpm, extra):
        libexec = _apxs("LIBEXECDIR")
        lines = ['ServerRoot "%s"' % self.folder, 'DefaultRuntimeDir "%s/run"' % self.folder,
                 'PidFile "%s/httpd.pid"' % self.folder, 'ErrorLog "%s"' % self.error_log,
                 "LogLevel warn saml_sso:info", "ServerName localhost",
                 'DocumentRoot "%s/htdocs"' % self.folder, "Timeout 30"]
        lines += ["Listen 127.0.0.1:%d" % port for port in self.ports]
        for name in ("mpm_" + mpm,) + MODULES:
            path = os.path.join(libexec, "mod_%s.so" % name)
            if os.path.exists(path):    # else it is built in
                lines.append('LoadModule %s_module "%s"' % (name, path))
        lines.append('LoadModule saml_sso_module "%s"' % os.path.abspath(module))
        if os.geteuid() == 0:
            lines += ["User %s\nGroup %s" % unprivileged()]
        lines += ['Define %s "%s"' % pair for pair in sorted(defines.items())]
        return "\n".join(lines) + "\n" + extra + '\nInclude "%s"\n' % os.path.abspath(include)

    def __enter__(self):
        try:
            program = [httpd_program(), "-d", self.folder, "-f", self.conf]
            self.process = subprocess.Popen(program + ["-DFOREGROUND"], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            start_new_session=True, preexec_fn=_die_with_parent)
        except OSError as error:
            raise Problem("httpd could not be started: %s" % error)
        self._wait()
        return self

    def _wait(self):
        deadline = time.monotonic() + START_S
        for port in self.ports:
            while True:
                if self.process.poll() is not None:
                    said = self.process.stdout.read().decode("utf-8", "replace")
                    self.process.stdout.close()
                    raise Problem("httpd ended while starting:\n%s%s" % (said, "\n".join(self.log())))
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        self.__exit__()
                        raise Problem("httpd did not listen on port %d within %d s:\n%s"
                                      % (port, START_S, "\n".join(self.log())))
                    time.sleep(0.05)

    def __exit__(self, *unused):
        if self.process.poll() is None:
            time.sleep(QUIET_S)     # the event MPM may crash over a connection that is just ending
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)     # its own session: httpd and its children
                self.process.wait(STOP_S)
        self.process.stdout.close()

    def _generations(self):
        return sum("resuming normal operations" in line for line in self.log())

    def graceful(self):
        """As `apachectl graceful`; returns when the next generation serves."""
        before = self._generations()
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + START_S
        while self._generations() == before:
            if time.monotonic() > deadline:
                raise Problem("httpd was not reloaded within %d s:\n%s" % (START_S, "\n".join(self.log())))
            time.sleep(0.05)

    def log(self, levels=None):
        """Lines of the error log; `levels` such as ("warn", "error") picks some."""
        try:
            with open(self.error_log, encoding="utf-8", errors="replace") as handle:
                lines = handle.read().splitlines()
        except FileNotFoundError:
            return []
        return [l for l in lines if not levels or any(":%s]" % level in l for level in levels)]
