/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As fuzz_response, past the signature: mutate.c, which is linked in, changes the structure of a Response and signs parts of it
 * again. Whatever it does, a login that comes out stands in something that was signed, as a second reader sees it.
 */
#include "fuzz/mutate.h"
#include "fuzz/response_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_response_try(data, size);
    return 0;
}
