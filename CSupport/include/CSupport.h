// Everything of CSupport that Swift sees.
#ifndef GW_CSUPPORT_H
#define GW_CSUPPORT_H

#include "gw_wasm_opcodes.h"

#endif
