/* SPDX-License-Identifier: Apache-2.0 */
/* client_policy.h - made by log_corpora.py: the policy of the client target. */
/* clang-format off */
#define CLIENT_POLICY \
    "log rules.example/log+4827faf2+AVeXbdKrFsxMbliiL9xC3iR6faR3aEWnznmP/6yCn691\n" \
    "witness w0 w0.example/witness+cc0d6036+BPRI13xdbMy47LhtYdpkdfcFhtUvlRlWB/UhIngnVcMA\n" \
    "witness w1 w1.example/witness+0d1fdbf7+BKmu7R4LNpUN2Zh0MyX5Fgo/x/JdW54ziHXWaXfbK2q/\n" \
    "witness w2 w2.example/witness+f22d8eae+BOhz62nnig0vneSrnY0Qhvx2iDMUno1uXuclMyl2BhMe\n" \
    "group seen 2 w0 w1 w2\n" \
    "quorum seen\n" \
    "overt release-key r0.example/release+bc1498d6+AdUFXqXGjBycz7IeA5+Q22SlBLe0syX1QQko/3jutlyc\n" \
    "overt release-key r1.example/release+c1a2157a+AdBanBwGhccNOr5y53fgB1Qn1Lt09EWy0Nc/75jsiMmW\n" \
    "overt release-key r2.example/release+e186b895+Abt15HpKkAMR5iQgDkzzSTlbWdxNJc82RV9jJQE9ixTC\n" \
    "overt threshold rule 2\n" \
    "overt threshold revoke 2\n" \
    "overt threshold suppress 2\n" \
    "overt threshold binary 2\n" \
    "overt threshold keyset 2\n" \
    "overt threshold statement 2\n" \
    "overt delay rule 0\n" \
    "overt stale 1000\n" \
    "overt mirror http://mirror.example/log\n"
/* clang-format on */
