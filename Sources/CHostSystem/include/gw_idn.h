// Names of hosts with other characters than ASCII, by libidn2: loaded when a program names such a host.
#ifndef GW_IDN_H
#define GW_IDN_H

// The name in ASCII, by UTS #46 without its transitional rules; NULL where it is no name, or where the library is
// missing. To be freed by gw_idn_free().
char *gw_idn_to_ascii(const char *name);
void gw_idn_free(char *name);

#endif
