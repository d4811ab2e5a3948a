# SPDX-License-Identifier: Apache-2.0
"""Genuine signatures: every algorithm, key and shape of Signature that is allowed must be accepted."""
import dsig
from attack import SAML, case, change, sr
from dsig import EXC, MORE, MORE07, SHA256, b64, canonical, digest, made_by, reference, signed_info, x509

RFC9231 = "RFC 9231 "
DSIG = "XML Signature "
CORE = "SAML Core "
SHA_URI = {"sha256": SHA256, "sha384": MORE + "sha384", "sha512": sr.NS_XENC + "sha512"}
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"


def genuine(name, changed, source, **options):
    return case("genuine-" + name, changed=changed, status="accepted", source=source, **options)


# ---- algorithms and keys -------------------------------------------------

def by_hand(name, changed, source, method, hash_name="sha256", by="idp", what="assertion", pss_salt=None, **options):
    @genuine("signature-" + name, changed, source, certs=[by], **options)
    def _(m):
        return dsig.message(m, what, by=by, method=method, value=made_by(hash_name, pss_salt),
                            digest_uri=SHA_URI.get(hash_name, SHA256),
                            hash_name=hash_name if hash_name in SHA_URI else "sha256")


SALT = {"sha256": 32, "sha384": 48, "sha512": 64}
for bits in ("256", "384", "512"):
    sha = "sha" + bits
    by_hand("rsa-" + sha, "RSA-SHA%s, digest SHA-%s" % (bits, bits), RFC9231 + "2.3", MORE + "rsa-" + sha, sha)
    by_hand("pss-" + sha, "RSA-PSS with SHA-%s" % bits, RFC9231 + "2.3.10", MORE07 + sha + "-rsa-MGF1", sha,
            pss_salt=SALT[sha])
    for curve in ("256", "384", "521"):
        by_hand("ecdsa-p%s-%s" % (curve, sha), "ECDSA-SHA%s on P-%s" % (bits, curve), RFC9231 + "2.3.6",
                MORE + "ecdsa-" + sha, sha, by="idp-ec" + curve)
by_hand("pss-default", "RSA-PSS without parameters", RFC9231 + "2.3.9", MORE07 + "rsa-pss", pss_salt=32)
by_hand("pss-response", "RSA-PSS on the Response", RFC9231 + "2.3.10", MORE07 + "sha256-rsa-MGF1", what="response", pss_salt=32)
by_hand("rsa-3072", "a key of 3072 bits", "NIST SP 800-57", MORE + "rsa-sha256", by="idp3072")
by_hand("rsa-4096", "a key of 4096 bits", "NIST SP 800-57", MORE + "rsa-sha512", "sha512", by="idp4096")
by_hand("rsa-1024-allowed", "a key of 1024 bits, where that is allowed", "SAMLAllow", MORE + "rsa-sha256", by="idp1024",
        allow=["rsa1024"])


@genuine("signature-sha1-allowed", "RSA-SHA1 and SHA-1, where that is allowed", "SAMLAllow", allow=["sha1"])
def _(m):
    return dsig.message(m, method=sr.NS_DS + "rsa-sha1", value=made_by("sha1"), digest_uri=sr.NS_DS + "sha1", hash_name="sha1")


@genuine("signature-sha1-digest-sha256", "RSA-SHA1 over a digest by SHA-256, where that is allowed", "SAMLAllow", allow=["sha1"])
def _(m):
    return dsig.message(m, method=sr.NS_DS + "rsa-sha1", value=made_by("sha1"))


@genuine("signature-digest-other", "RSA-SHA256 over a digest by SHA-512", DSIG + "6.2")
def _(m):
    return dsig.message(m, digest_uri=SHA_URI["sha512"], hash_name="sha512")


@genuine("signature-two-kinds", "the Response signed by ECDSA, the Assertion by RSA", DSIG + "6.4", certs=["idp", "idp-ec256"])
def _(m):
    tree = m.tree(m.response())
    dsig.sign(m, tree.find(SAML + "Assertion"))
    dsig.sign(m, tree, by="idp-ec256", method=MORE + "ecdsa-sha256")
    return m.octets(tree)


for count, certs in (("second", ["idp2", "idp"]), ("fourth", ["idp2", "idp-ec256", "idp3072", "idp"])):
    @genuine("certificate-" + count, "the %s certificate that is configured matches" % count, "SAML Metadata 2.4.1.1", certs=certs)
    def _(m):
        return m.signed("both")


@genuine("certificate-second-no-keyinfo", "the second certificate matches, and KeyInfo says nothing", CORE + "5.4.5",
         certs=["idp2", "idp"])
def _(m):
    return m.signed("both", by=m.signer(keyinfo=False))


@genuine("certificate-expired-beside", "the first certificate has expired, the second matches", "SAML Metadata 2.4.1.1",
         certs=["idp-expired", "idp"])
def _(m):
    return m.signed("both")


# ---- canonical forms -----------------------------------------------------

for name, c14n, says, allow in (("exclusive-comments", "exc-comments", "exclusive with comments", []),
                                ("inclusive", "inc", "inclusive, where that is allowed", ["c14n10"]),
                                ("inclusive-comments", "inc-comments", "inclusive with comments, where that is allowed", ["c14n10"]),
                                ("inclusive-11", "inc11", "inclusive 1.1, where that is allowed", ["c14n10"])):
    for what in ("assertion", "both"):
        @genuine("c14n-%s-%s" % (name, what), "canonical form: %s; signed: %s" % (says, what), CORE + "5.4.3", allow=allow)
        def _(m, c14n=c14n, what=what):
            return m.signed(what, by=m.signer(c14n=c14n), before=[
                ("<Subject>", "<!-- comment --><Subject>"),
                ("<samlp:Response ", '<samlp:Response xmlns:outer="urn:outer" xml:lang="en" ')])


def prefixes(name, changed, listed, prefix=None):
    @genuine("prefix-list-" + name, changed, "Exclusive c14n 1.0, 3")
    def _(m):
        return m.signed("both", by=m.signer(inclusive_prefixes=listed), prefix=prefix, before=[
            ("<samlp:Response ", '<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:saml="%s" ' % sr.NS_SAML),
            ("<Assertion ", '<Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ')])


prefixes("xs", "InclusiveNamespaces: xs", "xs")
prefixes("several", "InclusiveNamespaces: several prefixes, some declared outside", "xs xsi saml samlp ds", "ds")
prefixes("default", "InclusiveNamespaces: #default", "#default samlp")
prefixes("unknown", "InclusiveNamespaces: prefixes that are not declared", "md wsa xs")
prefixes("space", "InclusiveNamespaces: white space between and around the prefixes", " xs \n\t xsi ")


@genuine("prefix-list-lines", "InclusiveNamespaces: line ends and tabs between the prefixes", "Exclusive c14n 1.0, 3: xs:NMTOKENS")
def _(m):
    tree = m.tree(change(m.response(style="prefixed"), [("<saml:Assertion ", '<saml:Assertion xmlns:xs="urn:xs" ')]))
    assertion = tree.find(SAML + "Assertion")
    listed = '<ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="q&#10;xs&#9;z"/>' % EC
    octets = sr.etree.tostring(assertion, method="c14n", exclusive=True, inclusive_ns_prefixes=["xs"])
    dsig.sign(m, assertion, digest_of=octets,
              transforms=dsig.ENVELOPED + '<Transform Algorithm="%s">%s</Transform>' % (EXC, listed))
    return m.octets(tree)


@genuine("prefix-list-signed-info", "InclusiveNamespaces on CanonicalizationMethod as well", "Exclusive c14n 1.0, 3")
def _(m):
    tree = m.tree(m.response(style="prefixed"))
    assertion = tree.find(SAML + "Assertion")
    listed = '<ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="saml"/>' % EC
    info = signed_info(reference("#" + assertion.get("ID"), digest(canonical(assertion))),
                       '<CanonicalizationMethod Algorithm="%s">%s</CanonicalizationMethod>' % (EXC, listed))
    signature = dsig.place(assertion, dsig.signature_of(m, info, m.key("idp")))
    signed = signature.find(sr.etree.QName(sr.NS_DS, "SignedInfo"))
    octets = sr.etree.tostring(signed, method="c14n", exclusive=True, inclusive_ns_prefixes=["saml"])
    signature.find(sr.etree.QName(sr.NS_DS, "SignatureValue")).text = b64(made_by()(m.key("idp"), octets))
    return m.octets(tree)


# ---- KeyInfo: it is for the receiver to know the key ---------------------

def key_info(name, changed, text, what="assertion", **options):
    @genuine("key-info-" + name, changed, CORE + "5.4.5, " + DSIG + "4.5", **options)
    def _(m):
        return dsig.message(m, what, key_info=text(m))


def rsa_key_value(m):
    numbers = m.key("idp").private.public_key().public_numbers()
    return "<KeyValue><RSAKeyValue><Modulus>%s</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>" % b64(
        numbers.n.to_bytes(256, "big"))


key_info("absent", "no KeyInfo", lambda m: "")
key_info("absent-response", "no KeyInfo, the Response is signed", lambda m: "", "response")
key_info("name", "KeyInfo with a KeyName", lambda m: "<KeyInfo><KeyName>idp</KeyName></KeyInfo>")
key_info("value", "KeyInfo with an RSAKeyValue", lambda m: "<KeyInfo>%s</KeyInfo>" % rsa_key_value(m))
key_info("value-and-certificate", "KeyInfo with RSAKeyValue and certificate",
         lambda m: x509(m.key("idp")).replace("<X509Data>", rsa_key_value(m) + "<X509Data>"))
key_info("issuer-serial", "KeyInfo with X509IssuerSerial, X509SubjectName and X509SKI",
         lambda m: "<KeyInfo><X509Data><X509IssuerSerial><X509IssuerName>CN=idp</X509IssuerName><X509SerialNumber>1"
                   "</X509SerialNumber></X509IssuerSerial><X509SubjectName>CN=idp</X509SubjectName><X509SKI>AAAA</X509SKI>"
                   "</X509Data></KeyInfo>")
key_info("chain", "KeyInfo with the certificate and two more of a chain",
         lambda m: x509(m.key("idp")).replace("</X509Data>", "<X509Certificate>%s</X509Certificate><X509Certificate>%s"
                                              "</X509Certificate></X509Data>" % (b64(m.key("idp2").cert_der),
                                                                                  b64(m.key("idp3072").cert_der))))
key_info("renewed", "KeyInfo with another certificate for the same key than the one that is configured",
         lambda m: x509(m.key("idp2")), "response")
key_info("lines", "the certificate in lines of 64 characters, with CR as a reference, as Java writes on Windows",
         lambda m: x509(m.key("idp")).replace("MII", "&#13;\nMII&#13;\n", 1))
key_info("ids", "KeyInfo with an Id and an element of others",
         lambda m: x509(m.key("idp")).replace("<KeyInfo>", '<KeyInfo Id="ki"><o:x xmlns:o="urn:o" ID="o">y</o:x>', 1))
key_info("token-reference", "KeyInfo with a SecurityTokenReference, as WS-Trust stacks write",
         lambda m: '<KeyInfo><o:SecurityTokenReference xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-'
                   'secext-1.0.xsd"><o:KeyIdentifier>AAAA</o:KeyIdentifier></o:SecurityTokenReference></KeyInfo>')


# ---- the Signature itself ------------------------------------------------

@genuine("signature-lines", "SignatureValue in lines with CR as a reference, white space around DigestValue", "XML Schema 2, 3.2.16")
def _(m):
    def value(key, octets):
        text = b64(made_by()(key, octets))
        return "\r\n" + "\r\n".join(text[i:i + 76] for i in range(0, len(text), 76)) + "\r\n"
    return dsig.message(m, "assertion", value=value, info=[("<DigestValue>", "<DigestValue>\n  "),
                                                           ("</DigestValue>", "\n</DigestValue>")])


@genuine("signature-laid-out", "white space and comments between the elements of Signature", DSIG + "4.1")
def _(m):
    lines = [("><%s" % name, ">\n    <%s" % name) for name in
             ("CanonicalizationMethod", "SignatureMethod", "Reference", "Transforms", "Transform ", "Transform ", "DigestMethod",
              "DigestValue")]
    octets = dsig.message(m, info=lines + [("</Transforms>", "\n    </Transforms>"), ("</Reference>", "<!-- x -->\n  </Reference>"),
                                           ("</SignedInfo>", "\n  </SignedInfo>")])
    return change(octets, [("<SignedInfo>", "\n  <!-- y --><SignedInfo>"), ("<KeyInfo>", "\n<KeyInfo>\n"),
                           ("</Signature>", "\n</Signature>")])


@genuine("signature-ids", "Signature, SignedInfo, Reference and SignatureValue with Ids of their own", DSIG + "4.1")
def _(m):
    octets = dsig.message(m, info=[("<SignedInfo>", '<SignedInfo Id="si">'), ("<Reference ", '<Reference Id="ref" ')])
    return change(octets, [("<SignatureValue>", '<SignatureValue Id="sv">'),
                           ("<Signature xmlns", '<Signature Id="sig" xmlns')])


@genuine("signature-last", "the Signature is the last child and not behind Issuer, as some write it", CORE + "5.4")
def _(m):
    tree = m.tree(m.signed("assertion"))
    assertion = tree.find(SAML + "Assertion")
    assertion.append(assertion.find(sr.etree.QName(sr.NS_DS, "Signature")))
    return m.octets(tree)


@genuine("signature-first", "the Signature is the first child", CORE + "5.4")
def _(m):
    tree = m.tree(m.signed("assertion"))
    assertion = tree.find(SAML + "Assertion")
    assertion.insert(0, assertion.find(sr.etree.QName(sr.NS_DS, "Signature")))
    return m.octets(tree)


@genuine("signature-enveloped-only", "no transform but enveloped-signature: inclusive c14n is implied, where that is allowed",
         DSIG + "4.4.3.2", allow=["c14n10"])
def _(m):
    tree = m.tree(m.response())
    octets = sr.etree.tostring(tree, method="c14n")
    dsig.sign(m, tree, transforms=dsig.ENVELOPED, digest_of=octets)
    return m.octets(tree)


for prefix in ("ds", "dsig", "Signature", "_"):
    @genuine("signature-prefix-%s" % prefix.strip("_").lower() if prefix != "_" else "signature-prefix-underscore",
             "the Signature's prefix is %s" % prefix, "Namespaces in XML 1.0, 5")
    def _(m, prefix=prefix):
        return m.signed("both", prefix=prefix)


@genuine("signature-namespace-outside", "the Signature's prefix is declared on Response", "Exclusive c14n 1.0, 1.3")
def _(m):
    tree = m.tree(m.signed("both", prefix="ds", before=[("<samlp:Response ", '<samlp:Response xmlns:ds="%s" ' % sr.NS_DS)]))
    octets = m.octets(tree)
    declared = b' xmlns:ds="%s"' % sr.NS_DS.encode()
    return octets[:octets.index(declared) + len(declared)] + octets[octets.index(declared) + len(declared):].replace(declared, b"")
