/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Response that a browser brings, as octets. The corpus are the fixtures, signed by keys that the fuzzer has not: whatever it
 * makes of them, a login that comes out must be one that was signed.
 */
#include "fuzz/response_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_response_try(data, size);
    return 0;
}
