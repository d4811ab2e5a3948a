/* SPDX-License-Identifier: Apache-2.0 */
#ifndef T_UNIT_SSO_ALONE_H
#define T_UNIT_SSO_ALONE_H

/** @file sso_alone.h What files of sso/ ask the rest of the module for, where they are linked without it and without httpd. */

#include "sso/sso.h"

module AP_MODULE_DECLARE_DATA saml_sso_module;

static sso_request_t request;

sso_request_t *sso_request_of(request_rec *r)
{
    (void)r;
    return &request;
}

saml_err_t *sso_err_new(apr_pool_t *p)
{
    saml_err_t *err = apr_pcalloc(p, sizeof(*err));

    err->pool = p;
    return err;
}

#endif
