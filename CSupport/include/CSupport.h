// Everything of CSupport that Swift sees.
#ifndef GW_CSUPPORT_H
#define GW_CSUPPORT_H

#include "gw_wasm_opcodes.h"
#include "gw_opcodes.h"
#include "gw_traps.h"
#include "gw_numeric.h"
#include "gw_decoder.h"
#include "gw_machine.h"
#include "gw_verifier.h"
#include "gw_native.h"
#include "gw_go_stack.h"
#include "gw_sampler.h"

#endif
