/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAMLHeader preset: the headers that an application has read so far, of another product in front of it. Each table names what can be
 * filled from claims; doc/manual.md says what each of the products sends besides.
 */

#include "config.h"

/* How long each is and where it comes from is filled in as with a line of its own. */
#define HEADER(name, claim) LIST(name, claim, ";")
#define LIST(name, claim, separator) { name, claim, separator, SSO_ENCODE_NONE, 0, 0, 1, 0, SSO_FROM_CLAIM }

/* Entra's application proxy sends what its "Headers" box says; these are the attributes as that box names them. */
static const sso_header_t appproxy[] = {
    HEADER("userprincipalname", "name"),
    HEADER("mail", "email"),
    HEADER("givenname", "givenname"),
    HEADER("surname", "surname"),
    HEADER("displayname", "displayname"),
    HEADER("objectid", "objectid"),
    LIST("groups", "groups", ";"),
};

/* Broadcom (CA, Netegrity) SiteMinder's web agent; SM_USERGROUPS is a response that most policies have, "^" between the groups. */
static const sso_header_t siteminder[] = {
    HEADER("SM_USER", "user"),
    HEADER("SM_UNIVERSALID", "user"),
    LIST("SM_USERGROUPS", "groups", "^"),
};

/* Oracle Access Manager's WebGate: the first by itself, the other two as Oracle's own products ask for them. */
static const sso_header_t oam[] = {
    HEADER("OAM_REMOTE_USER", "user"),
    HEADER("OAM_REMOTE_USER_EMAIL", "email"),
    LIST("OAM_REMOTE_USER_GROUPS", "groups", ":"),
};

/* Shibboleth SP with ShibUseHeaders: REMOTE_USER, and the IDs of its attribute-map.xml. */
static const sso_header_t shibboleth[] = {
    HEADER("REMOTE_USER", "user"),
    HEADER("eppn", "name"),
    HEADER("mail", "email"),
    HEADER("givenName", "givenname"),
    HEADER("sn", "surname"),
    HEADER("displayName", "displayname"),
    LIST("isMemberOf", "groups", ";"),
};

/* mod_auth_mellon, whose variables RequestHeader hands on: MELLON_NAME_ID, and MellonSetEnv with our aliases. */
static const sso_header_t mellon[] = {
    HEADER("MELLON_NAME_ID", "nameid"),
    HEADER("MELLON_email", "email"),
    HEADER("MELLON_name", "name"),
    HEADER("MELLON_givenname", "givenname"),
    HEADER("MELLON_surname", "surname"),
    HEADER("MELLON_displayname", "displayname"),
    LIST("MELLON_groups", "groups", ";"),
};

/*
 * An application that trusted a product's headers may read more of them than we set. The product let no client send any, and nor do we:
 * what its policies call further headers nobody here can know, but how they begin.
 */
static const char *const appproxy_withheld[] = { NULL };
static const char *const siteminder_withheld[] = { "SM_*", NULL };
static const char *const oam_withheld[] = { "OAM_*", NULL };
static const char *const shibboleth_withheld[] = {
    "Shib-*", "subject-id", "pairwise-id", "persistent-id", "targeted-id", "affiliation", "unscoped-affiliation", "primary-affiliation",
    "entitlement", "assurance", NULL
};
static const char *const mellon_withheld[] = { "MELLON_*", NULL };

#define PRESET(name) { #name, name, sizeof(name) / sizeof((name)[0]), name##_withheld }

static const sso_preset_t presets[] = {
    PRESET(appproxy), PRESET(siteminder), PRESET(oam), PRESET(shibboleth), PRESET(mellon),
};

const sso_preset_t *sso_header_preset(const char *name)
{
    for (apr_size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    }
    return NULL;
}
