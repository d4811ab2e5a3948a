# SPDX-License-Identifier: Apache-2.0
"""Checks of the federation metadata (doc/entra.md section 7, and section 1 on `common`)."""
import unittest

import cloud
import saml_response as sr
from metadata import NS_MD
from stand import APP, TID, StandTest, verify

FOLDER = "/FederationMetadata/2007-06/FederationMetadata.xml"
UNLISTED = "aaaaaaaa-0000-4000-8000-000000000009"


class MetadataTest(StandTest):
    TENANT = {"domains": ["example.org"]}

    def document(self, name=TID, query="", **options):
        return self.fetch("%s/%s%s%s" % (self.idp.origin, name, FOLDER, query), **options)

    def test_order_and_addresses(self):
        tree = sr.parse(self.document(query="?appid=" + APP).text.encode())
        self.assertEqual([e.tag.split("}")[1] for e in tree], ["Signature", "RoleDescriptor", "RoleDescriptor", "IDPSSODescriptor"])
        self.assertEqual(sorted(tree.attrib), ["ID", "entityID"])
        self.assertEqual(tree.get("entityID"), "https://sts.windows.net/%s/" % TID)
        self.assertEqual([e.tag.split("}")[1] for e in tree[3]],
                         ["KeyDescriptor", "SingleLogoutService", "SingleSignOnService", "SingleSignOnService"])
        self.assertEqual({e.get("Location") for e in tree[3] if e.get("Location")}, {self.url})
        self.assertEqual([e.get("Binding").rpartition("-")[2] for e in tree[3] if e.get("Location")], ["Redirect", "Redirect", "POST"])

    def test_only_keys_differ_by_application(self):
        tenant = self.idp.tenants[TID]
        trees = []
        for query, signer in (("", tenant.signer()), ("?appid=" + APP, tenant.signer(tenant.application(APP)))):
            trees.append(sr.parse(self.document(query=query).text.encode()))
            verify(trees[-1], signer.cert)
            for role in trees[-1][1:]:
                self.assertEqual([e.text for e in role.iter("{%s}X509Certificate" % sr.NS_DS)], [sr.pem_body(signer.cert)])
        self.assertEqual(trees[0].get("entityID"), trees[1].get("entityID"))
        self.assertEqual([e.attrib for e in trees[0][3]], [e.attrib for e in trees[1][3]])

    def test_common_is_a_template(self):
        tree = sr.parse(self.document("common").text.encode())
        self.assertEqual(tree.get("entityID"), "https://sts.windows.net/{tenant}/")
        self.assertEqual(tree[3].find("{%s}SingleSignOnService" % NS_MD).get("Location"), self.idp.origin + "/common/saml2")

    def test_a_domain_stands_for_the_tenant(self):
        tree = sr.parse(self.document("example.org").text.encode())
        self.assertEqual(tree.get("entityID"), "https://sts.windows.net/%s/" % TID)
        self.assertEqual(tree[3][1].get("Location"), self.url)

    def test_host_of_each_cloud(self):
        tenant = self.idp.tenants[TID]
        self.addCleanup(setattr, tenant, "cloud", "global")
        for name, made in cloud.CLOUDS.items():
            tenant.cloud = name
            for host in made.login:
                tree = sr.parse(self.document(headers={"Host": host}).text.encode())
                self.assertEqual(tree[3][1].get("Location"), "https://%s/%s/saml2" % (host, TID))
                self.assertEqual(tree.get("entityID"), made.issuer % TID)

    def test_refusals(self):
        self.assertEqual(self.document("nowhere").code(), 90002)
        self.assertEqual(self.document(query="?appid=" + UNLISTED).code(), 700016)
        self.assertEqual(self.document(headers={"Host": "login.microsoftonline.us"}).code(), 90038)
        self.assertEqual(self.document(headers={"Host": "graph.microsoft.com"}).status, 404)
        self.assertEqual(self.document(query="?appid=a&appid=b").code(), 75005)
        self.assertEqual(self.fetch(self.idp.origin + "/").status, 404)
        self.assertEqual(self.fetch(self.idp.origin + "/%s/other" % TID).code(), 900144)


if __name__ == "__main__":
    unittest.main()
