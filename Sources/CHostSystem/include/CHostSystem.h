// Everything of CHostSystem that Swift sees.
#ifndef GW_CHOSTSYSTEM_H
#define GW_CHOSTSYSTEM_H

#include "gw_account.h"
#include "gw_build.h"
#include "gw_curl.h"
#include "gw_encoding.h"
#include "gw_files.h"
#include "gw_idn.h"
#include "gw_process.h"

#endif
