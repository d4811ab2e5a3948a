# SPDX-License-Identifier: Apache-2.0
"""The clouds and their host names (doc/entra.md section 1)."""
from typing import NamedTuple, Tuple


class Cloud(NamedTuple):
    login: Tuple[str, ...]      # the first is the one to write into URLs
    graph: Tuple[str, ...]
    issuer: str                 # %s is the tenant


CLOUDS = {
    "global": Cloud(("login.microsoftonline.com",), ("graph.microsoft.com",), "https://sts.windows.net/%s/"),
    "usgov": Cloud(("login.microsoftonline.us",), ("graph.microsoft.us", "dod-graph.microsoft.us"),
                   "https://sts.windows.net/%s/"),
    "china": Cloud(("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"), ("microsoftgraph.chinacloudapi.cn",),
                   "https://sts.chinacloudapi.cn/%s/"),
}
LOGIN_HOSTS = {host: name for name, cloud in CLOUDS.items() for host in cloud.login}
GRAPH_HOSTS = {host: name for name, cloud in CLOUDS.items() for host in cloud.graph}
HOSTS = tuple(LOGIN_HOSTS) + tuple(GRAPH_HOSTS)
