// The dispatch loop for memories without guard pages: the same source, with every address compared.
#define GW_CHECKED 1
#define GW_LOOP gw_loop_checked
#include "gw_interpreter.c"
