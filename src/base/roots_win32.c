/* roots_win32.c - the stores ROOT (trusted by itself) and CA (links between those and servers) of the user, which show
 * the machine's too. What Windows has set aside in the store Disallowed, and what is not meant for servers, is left
 * out.
 *
 * Windows fetches a root of Microsoft's list only when one of its own programs first needs it: until then it is not in
 * the store.
 *
 * Source  Microsoft, "CertOpenSystemStoreW function", "CertEnumCertificatesInStore function",
 *         "CertGetEnhancedKeyUsage function", "System Store Locations". */
#include "base/err.h"
#include "base/roots.h"

#include <windows.h>

#include <wincrypt.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* for_servers: without a list of uses a certificate may be used for all, with an empty one for none. */
static bool for_servers(PCCERT_CONTEXT cert)
{
    DWORD size = 0;
    bool good = false;
    if (!CertGetEnhancedKeyUsage(cert, 0, NULL, &size)) return GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
    CERT_ENHKEY_USAGE *uses = malloc(size);
    if (uses && CertGetEnhancedKeyUsage(cert, 0, uses, &size)) {
        good = !uses->cUsageIdentifier && GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
        for (DWORD i = 0; i < uses->cUsageIdentifier; i++)
            good = good || !strcmp(uses->rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH);
    }
    free(uses);
    return good;
}

static bool is_in(HCERTSTORE store, PCCERT_CONTEXT cert)
{
    PCCERT_CONTEXT found =
        store ? CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, cert, NULL) : NULL;
    if (found) CertFreeCertificateContext(found);
    return found != NULL;
}

static int each_of(const wchar_t *name, HCERTSTORE disallowed, void (*fn)(void *user, const uint8_t *der, size_t n),
                   void *user)
{
    HCERTSTORE store = CertOpenSystemStoreW(0, name);
    PCCERT_CONTEXT cert = NULL; /* each call frees the one before */
    int count = 0;
    while (store && (cert = CertEnumCertificatesInStore(store, cert)) != NULL) {
        if (cert->dwCertEncodingType != X509_ASN_ENCODING || !for_servers(cert) || is_in(disallowed, cert)) continue;
        fn(user, cert->pbCertEncoded, cert->cbCertEncoded);
        count++;
    }
    if (store) CertCloseStore(store, 0);
    return count;
}

int acq_roots_each(void (*fn)(void *user, const uint8_t *der, size_t n), void *user)
{
    HCERTSTORE disallowed = CertOpenSystemStoreW(0, L"Disallowed");
    int count = each_of(L"ROOT", disallowed, fn, user) + each_of(L"CA", disallowed, fn, user);
    if (disallowed) CertCloseStore(disallowed, 0);
    return count;
}
