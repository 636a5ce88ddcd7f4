#include "base/addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_port(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n <= 5 && strspn(text, "0123456789") == n && strtoul(text, NULL, 10) <= 65535;
}

int acq_addr_parse(struct acq_addr *addr, const char *text, struct acq_err *err)
{
    const char *host = text, *end, *port = "50051";
    if (*text == '[') {
        host++;
        end = strchr(host, ']');
        if (!end || (end[1] && end[1] != ':')) goto bad;
        if (end[1]) port = end + 2;
    } else {
        end = strchr(text, ':');
        if (end)
            port = end + 1;
        else
            end = text + strlen(text);
    }
    size_t n = (size_t)(end - host);
    if (n >= sizeof addr->host || !is_port(port)) goto bad;
    snprintf(addr->host, sizeof addr->host, "%.*s", (int)n, host);
    if (!n) snprintf(addr->host, sizeof addr->host, "127.0.0.1");
    snprintf(addr->port, sizeof addr->port, "%s", port);
    return ACQ_OK;
bad:
    return acq_fail(err, ACQ_USAGE, "'%.80s' is not an address: write HOST:PORT, as in 127.0.0.1:50051", text);
}

bool acq_addr_is_loopback(const struct acq_addr *addr)
{
    bool digits = strspn(addr->host, "0123456789.") == strlen(addr->host); /* 127.example.org is another machine */
    return (digits && !strncmp(addr->host, "127.", 4)) || !strcmp(addr->host, "::1") ||
           !strcmp(addr->host, "localhost");
}
