# SPDX-License-Identifier: Apache-2.0
"""Signature wrapping and signature exclusion.

What is signed stays in the message, and something else stands where identity is looked for.
"""
from attack import DS, SAML, SAMLP, case, forge, without_signature


@case("good-assertion-signed", changed="nothing; the Assertion is signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("assertion")


@case("good-response-signed", changed="nothing; the Response is signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("response")


@case("good-both-signed", changed="nothing; both are signed", status="accepted", source="SAML Core 5.4")
def _(m):
    return m.signed("both")


@case("xsw3-assertion", changed="a forged Assertion before the signed one", status="assertion-count",
      source="Somorovsky et al. 2012, XSW3", says="exactly one Assertion .* got 2 and 0")
def _(m):
    root = m.tree(m.signed())
    original = root.find(SAML + "Assertion")
    original.addprevious(forge(without_signature(original)))
    return m.octets(root)


@case("unsigned", changed="no signature at all", status="unsigned", source="SAML Core 5.3",
      says="expected a signature on the Response or on the Assertion, got none on either")
def _(m):
    return m.signed("none")
