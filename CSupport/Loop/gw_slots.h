// A slot's 64 bits as a value of a C type, and back: what the rows of gw_opcodes.def name their types for.
#ifndef GW_SLOTS_H
#define GW_SLOTS_H

#include <stdint.h>
#include <string.h>

#define AS_double(bits) ({ uint64_t b_ = (bits); double v_; memcpy(&v_, &b_, 8); v_; })
#define AS_float(bits) ({ uint32_t b_ = (uint32_t)(bits); float v_; memcpy(&v_, &b_, 4); v_; })
#define AS_uint32_t(bits) ((uint32_t)(bits))
#define AS_uint64_t(bits) (bits)
#define BITS_double(value) ({ double v_ = (value); uint64_t b_; memcpy(&b_, &v_, 8); b_; })
#define BITS_float(value) ({ float v_ = (value); uint32_t b_; memcpy(&b_, &v_, 4); (uint64_t)b_; })
#define BITS_uint32_t(value) ((uint64_t)(value))
#define BITS_uint64_t(value) (value)

#endif
