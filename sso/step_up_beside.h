/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SSO_STEP_UP_BESIDE_H
#define SSO_STEP_UP_BESIDE_H

/**
 * @file step_up_beside.h
 * Whether a line Require saml-authn is needed where it stands in the configuration. A line or section beside it is an alternative to it
 * unless told otherwise, and one that lets in everybody who has a session would make of it a line that says nothing.
 */

#include "sso.h"

/** Look around the line that is being read. @return NULL, or what is wrong with where it stands, in cmd->pool */
const char *sso_step_up_look_beside(const cmd_parms *cmd);

#endif
