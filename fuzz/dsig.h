/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_DSIG_H
#define FUZZ_DSIG_H

/**
 * @file dsig.h
 * Enveloped XML signatures and encryption once more, by libxml2's canonical form and OpenSSL alone: neither xmlsec1 nor saml/. What
 * the mutator signs with, and a second opinion on what is signed.
 */

#include <apr_pools.h>
#include <libxml/tree.h>
#include <openssl/evp.h>

/** How the mutator signs: bits of a random number say which of the ways there are. */
#define FUZZ_SIGN_COMMENTS     0x01u    /* exclusive canonical form with comments */
#define FUZZ_SIGN_PREFIXES     0x02u    /* an InclusiveNamespaces list */
#define FUZZ_SIGN_INCLUSIVE    0x04u    /* Canonical XML 1.0 */
#define FUZZ_SIGN_NO_ENVELOPED 0x08u    /* the transform is not named */
#define FUZZ_SIGN_EMPTY_URI    0x10u    /* Reference to "" */
#define FUZZ_SIGN_AT_END       0x20u    /* not behind the Issuer */

/**
 * Put a signature of `key` over `el` into it; one with an ID attribute, or else nothing is done.
 * @return the Signature, or NULL
 */
xmlNode *fuzz_sign(xmlNode *el, EVP_PKEY *key, unsigned how, apr_pool_t *p);

/**
 * Whether the first Signature child of `el` is one over `el` by one of `keys` (NULL ends them), read generously: what a strict
 * reader believes must be believed here too.
 */
int fuzz_is_signed(const xmlNode *el, EVP_PKEY *const *keys, apr_pool_t *p);

/** The {ns}name child of `el`, the first, or NULL. */
xmlNode *fuzz_child(const xmlNode *el, const char *ns, const char *name);

/** All text under `el`, without white space around it, "" for none. */
const char *fuzz_text(const xmlNode *el, apr_pool_t *p);

/** The unqualified attribute, without white space around it, or NULL. */
const char *fuzz_attribute(const xmlNode *el, const char *name, apr_pool_t *p);

/**
 * Put an {assertion}`wrapper` with `el` encrypted in it into el's place: AES-GCM or AES-CBC, RSA-OAEP to `key`. `el` is freed.
 * @return the wrapper, or NULL where `el` stays
 */
xmlNode *fuzz_encrypt(xmlNode *el, const char *wrapper, EVP_PKEY *key, int gcm, apr_pool_t *p);

#endif
