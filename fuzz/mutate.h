/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

/**
 * @file mutate.h
 * Mutations of a Response that know its structure: elements, attributes, text and times change places and values, and parts are
 * signed again in the identity provider's name, before, between and after. Nothing that is signed holds FUZZ_CANARY.
 */

#include <stddef.h>
#include <stdint.h>

/** libFuzzer's own mutator; absent in a build that replays. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** An element of the second message somewhere into the first. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned seed);

#endif
