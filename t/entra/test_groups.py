# SPDX-License-Identifier: Apache-2.0
"""Checks of groups in the assertion (doc/entra.md section 5)."""
import unittest

from groups import GROUPS, GROUPS_LINK, ROLE, WIDS
from stand import APP, TID, StandTest, application, attributes, user

TEMPLATE = "62e90394-69f5-4237-9190-012177145e10"


class GroupsTest(StandTest):
    TENANT = {
        "groups": {"staff": {"name": "Staff, all", "sam": "Staff", "dns_domain": "corp.example.org", "netbios_domain": "CORP",
                             "parents": ["all"]},
                   "list": {"name": "List", "kind": "distribution"}, "all": {"name": "Everybody", "parents": ["staff"]}},
        "directory_roles": {"role1": TEMPLATE},
        "users": [user(1, groups=["staff", "list"], directory_roles=["role1"], app_roles={APP: ["Reader"]}),
                  user(2, groups=["g%d" % n for n in range(150)]), user(3, groups=["g%d" % n for n in range(149)] + ["staff"]),
                  user(4, groups=[])],
        "applications": [application(assigned_groups=["staff", "all"])]}

    def claims(self, hint="u1", **changes):
        if changes:
            self.change(**changes)
        return attributes(self.post(self.request(), query="?login_hint=" + hint).tree())

    def test_each_choice(self):
        self.assertEqual(self.claims(group_membership_claims="None").get(GROUPS), None)
        self.assertEqual(self.claims(group_membership_claims="SecurityGroup")[GROUPS], ["staff", "all", "role1"])
        self.assertEqual(self.claims(group_membership_claims="All")[GROUPS], ["staff", "list", "all", "role1"])
        self.assertEqual(self.claims(group_membership_claims="ApplicationGroup")[GROUPS], ["staff"])
        found = self.claims(group_membership_claims="DirectoryRole")
        self.assertEqual((found.get(GROUPS), found[WIDS]), (None, [TEMPLATE]))
        self.assertNotIn(GROUPS, self.claims("u4", group_membership_claims="All"))

    def test_each_form(self):
        for form, value in (("sam_account_name", "Staff"), ("dns_domain_and_sam_account_name", "corp.example.org\\Staff"),
                            ("netbios_domain_and_sam_account_name", "CORP\\Staff")):
            self.assertEqual(self.claims(group_format=form)[GROUPS], [value])       # groups that are not synced are dropped
        self.assertEqual(self.claims(group_membership_claims="ApplicationGroup", group_format="cloud_displayname")[GROUPS], ["Staff, all"])

    def test_groups_as_roles(self):
        self.assertEqual(self.claims()[ROLE], ["Reader"])
        found = self.claims(emit_groups_as_roles=True)
        self.assertEqual((found.get(GROUPS), found[ROLE]), (None, ["staff", "all", "role1"]))

    def test_another_name(self):
        self.assertEqual(self.claims(group_claim_name="teams")["teams"], ["staff", "all", "role1"])

    def test_overage(self):
        """150 are sent; one more, nested ones included, and only the link is."""
        self.assertEqual(len(self.claims("u2")[GROUPS]), 150)
        found = self.claims("u3")
        self.assertNotIn(GROUPS, found)
        self.assertEqual(found[GROUPS_LINK], ["https://graph.windows.net/%s/users/u3/getMemberObjects" % TID])
        self.assertIn(" " + GROUPS_LINK, self.claims("u3", groups_link_blank=True))


if __name__ == "__main__":
    unittest.main()
