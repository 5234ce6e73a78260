// The processor that machine code is made for: its registers and its assembler, under names that the compiler uses.
#if defined(__x86_64__)
#include "X86/gw_x86_target.h"
#elif defined(__aarch64__)
#include "ARM64/gw_arm64_target.h"
#endif
