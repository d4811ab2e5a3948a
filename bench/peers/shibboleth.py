# SPDX-License-Identifier: Apache-2.0
"""Shibboleth SP from the system's package: mod_shib and a shibd of its own. What shibd costs counts."""

import grp
import pathlib
import socket

from server import children_user

from .peer import ENTITY, Peer, idp_metadata

SHIBD = pathlib.Path("/usr/sbin/shibd")
SHIPPED = pathlib.Path("/etc/shibboleth")
CLAIMS = ("identity/claims/tenantid", "identity/claims/objectidentifier", "identity/claims/displayname",
          "ws/2008/06/identity/claims/groups", "identity/claims/identityprovider", "claims/authnmethodsreferences")
NAMES = ("givenname", "surname", "emailaddress", "name")

CONFIG = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
    <OutOfProcess logger="{dir}/shibd.logger"/>
    <InProcess logger="{dir}/native.logger"/>
    <UnixListener address="{dir}/run/shibd.sock"/>
    <ApplicationDefaults entityID="http://127.0.0.1:{port}/saml/metadata" REMOTE_USER="name">
        <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="http">
            <SSO entityID="{entity}">SAML2</SSO>
            <Logout>Local</Logout>
        </Sessions>
        <MetadataProvider type="XML" validate="false" path="{dir}/idp.xml"/>
        <AttributeExtractor type="XML" validate="false" reloadChanges="false" path="{dir}/attribute-map.xml"/>
        <CredentialResolver type="File" use="signing" key="{keys}/sp.key" certificate="{keys}/sp.crt"/>
    </ApplicationDefaults>
    <SecurityPolicyProvider type="XML" validate="false" path="{shipped}/security-policy.xml"/>
    <ProtocolProvider type="XML" validate="false" reloadChanges="false" path="{shipped}/protocols.xml"/>
</SPConfig>
"""
LOGGER = """log4j.rootCategory=WARN, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={file}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %c %x: %m%n
"""
SERVER = """ShibConfig "{dir}/shibboleth2.xml"
<Location "/Shibboleth.sso">
    AuthType None
    Require all granted
</Location>
"""


def attribute_map():
    rows = [("http://schemas.microsoft.com/" + c, c.rpartition("/")[2]) for c in CLAIMS]
    rows += [("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/" + n, n) for n in NAMES]
    lines = [f'<Attribute name="{name}" id="{short}" nameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"/>'
             for name, short in rows]
    return ('<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            + "\n".join(lines) + "</Attributes>\n")


class Shibboleth(Peer):
    key, title = "shibboleth", "Shibboleth SP"
    note = "shibd's time and memory counted; no attribute filter, no transaction log; sessions in shibd's memory, as shipped"
    is_saml = True
    login, acs = "/Shibboleth.sso/Login?target=/page.txt", "/Shibboleth.sso/SAML2/POST"
    acs_status = redirect_status = 302
    cookie = "_shibsession_"
    fill_us = 2500
    slow = 2

    def missing(self):
        return None if self.module("mod_shib.so").exists() and SHIBD.exists() else "mod_shib is not there (libapache2-mod-shib)"

    def setup(self, folder, port, room):
        user = children_user()
        (folder / "run").mkdir(parents=True, exist_ok=True)
        (folder / "idp.xml").write_text(idp_metadata((self.bench.dir / "idp.crt").read_text()))
        (folder / "attribute-map.xml").write_text(attribute_map())
        (folder / "shibboleth2.xml").write_text(CONFIG.format(dir=folder, port=port, entity=ENTITY, keys=self.bench.dir,
                                                              shipped=SHIPPED))
        for name in ("shibd", "native"):
            (folder / f"{name}.logger").write_text(LOGGER.format(file=folder / f"{name}.log"))
            (folder / f"{name}.log").touch()
            (folder / f"{name}.log").chmod(0o666)
        daemon = [SHIBD, "-F", "-f", "-c", folder / "shibboleth2.xml", "-p", folder / "run" / "shibd.pid"]
        if user:
            (folder / "run").chmod(0o777)
            daemon += ["-u", user.pw_name, "-g", grp.getgrgid(user.pw_gid).gr_name]
        return {"guard": "AuthType shibboleth\n    ShibRequestSetting requireSession 1\n    Require shib-session",
                "lazy": "ShibRequestSetting requireSession 0\n    Require shibboleth",
                "server": SERVER.format(dir=folder),
                "load": f"LoadModule mod_shib {self.module('mod_shib.so')}",
                "daemon": daemon, "daemon_address": (socket.AF_UNIX, str(folder / "run" / "shibd.sock"))}
