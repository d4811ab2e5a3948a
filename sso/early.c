/* SPDX-License-Identifier: Apache-2.0 */
#include "early.h"

#include <apr_strings.h>

#include "idp_source.h"
#include "page.h"
#include "saml/texts.h"
#include "state.h"
#include "url.h"

/* The process that fetches looks each second for whether it is to, and every process each second for what came. */
#define WAIT_S "4"

/* What fails in a ciphertext looks the same from outside whatever it was, so it is treated the same (XML Encryption 1.1, 6.1.1). */
static int may_be_new_key(const saml_err_t *err)
{
    return err->in_ciphertext || err->status == SAML_E_SIGNATURE || err->status == SAML_E_DECRYPTION
           || err->status == SAML_E_CERTIFICATE_EXPIRED;
}

/* login?again=1, and where to. A form that waits in the browser (resend.h) is sent again after this sign-on, too. */
static const char *login_again(request_rec *r, const sso_app_t *app, const char *target)
{
    const char *login = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);
    const char *resend = apr_pstrcat(r->pool, app->public_path, "/login?", NULL);

    if (strncmp(target, resend, strlen(resend)) == 0)
        return apr_pstrcat(r->pool, login, "?again=1&", target + strlen(resend), NULL);
    return apr_pstrcat(r->pool, login, "?again=1&target=", ap_escape_urlencoded(r->pool, target), NULL);
}

static int send_page(request_rec *r, const char *url)
{
    const saml_page_texts_t *texts = &saml_page_texts;
    const char *body = apr_pstrcat(r->pool, sso_page_paragraph(r->pool, texts->waiting),
                                   sso_page_button(r->pool, texts->waiting_button, url), NULL);

    apr_table_setn(r->err_headers_out, "Refresh", apr_pstrcat(r->pool, WAIT_S "; url=", url, NULL));
    return sso_page_send(r, HTTP_OK, texts->signing_in_title, body, NULL);
}

int sso_early_wait(int *http, request_rec *r, const sso_app_t *app, const saml_err_t *err, const char *relay_state, const char *target)
{
    if (!app->source || !may_be_new_key(err) || sso_state_is_retried(r, app, relay_state)
        || !sso_source_ask_early(app->source, apr_time_now(), r->pool) || !sso_state_may_retry(r, app, relay_state))
        return 0;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sign-on begun anew when the metadata has been fetched [%s]: %s",
                  saml_status_name(err->status), err->reason);
    *http = send_page(r, login_again(r, app, target));
    return 1;
}

void sso_early_ask(request_rec *r, const sso_app_t *app, const saml_err_t *err)
{
    if (app->source && may_be_new_key(err))
        (void)sso_source_ask_early(app->source, apr_time_now(), r->pool);
}
