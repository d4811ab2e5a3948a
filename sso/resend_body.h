/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_RESEND_BODY_H
#define SSO_RESEND_BODY_H

/** @file resend_body.h Bodies of requests: our page's form, and what was kept in its place (resend.h). */

#include "sso.h"

#define SSO_RESEND_FIELD "saml-kept-request"     /* of our page's form; its value is the name of a note */

/** Whether the body of `r` is our page's form. Read where its length and type say so, and put back where it is another after all. */
int sso_resend_read_form(const char **name, request_rec *r);

/** The headers of `r` that belong to its body, "Name: value" in lines. */
const char *sso_resend_headers_of(request_rec *r);

/**
 * Let `r`, whose body has been read, bring what was kept, with the headers that belong to it.
 * @return SAML_OK or SAML_E_STORE
 */
SAML_MUST_CHECK saml_status_t sso_resend_put_body(request_rec *r, sso_kept_t *kept, saml_err_t *err);

/** Once a process, before the first request. */
void sso_resend_register(void);

#endif
