# SPDX-License-Identifier: Apache-2.0
"""The programs that measure, compiled here, and where this system keeps its own."""

import os
import pathlib
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    """What could not be measured, as a sentence."""


def output(*command, **more):
    try:
        done = subprocess.run([str(c) for c in command], text=True, capture_output=True, timeout=more.pop("timeout", 600), check=False,
                              **more)
    except subprocess.TimeoutExpired as e:
        name = pathlib.Path(str(command[3] if command[0] == "taskset" else command[0])).name
        raise Failed(f"{name} was stopped after {e.timeout:.0f} s: no time was left") from e
    if done.returncode != 0:
        raise Failed(f"{pathlib.Path(str(command[0])).name}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def find_apxs():
    for name in ("apxs", "apxs2"):
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if path:
            return path
    raise Failed("apxs is not there: install apache2-dev (Debian, Ubuntu) or httpd-devel (Fedora)")


def flags(apxs):
    configs = [output(apxs, "-q", name).strip() for name in ("APR_CONFIG", "APU_CONFIG")]
    packages = ("xmlsec1-openssl", "libxml-2.0", "openssl", "libcurl", "jansson", "zlib")
    compile_ = output("pkg-config", "--cflags", *packages) + output(configs[0], "--includes", "--cppflags")
    link = output("pkg-config", "--libs", *packages) + "".join(output(c, "--link-ld") for c in reversed(configs))
    return compile_.split(), link.split() + ["-llmdb", "-lpthread"]


def compile_programs(folder, apxs, builddir, only=None):
    cflags, libs = flags(apxs)
    library = [builddir / ".libs" / "libsaml.a"]
    http = TOP / "bench" / "http.c"
    sp = [TOP / "bench" / "command.c", TOP / "bench" / "sp.c", TOP / "bench" / "idp.c", http]
    sources = {
        "client": [TOP / "bench" / "client.c", *sp, *library],
        "users": [TOP / "bench" / "users.c", *sp, *library],
        "bare_verify": [TOP / "bench" / "bare_verify.c", TOP / "bench" / "idp.c", http, *library],
        "lookup": [TOP / "bench" / "lookup.c", http, builddir / ".libs" / "libstore.a", *library],
    }
    for name, files in ((n, f) for n, f in sources.items() if not only or n in only):
        output(os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-g", f"-I{TOP}", *cflags, *files, "-o", folder / name, *libs)
