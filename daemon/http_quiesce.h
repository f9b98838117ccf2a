/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No new connections: those that a socket unit holds wait for the next process. libmicrohttpd
 * 0.9.75 ends the process when one of its threads is the first to take the listening socket out of
 * its epoll set; here that is what was wanted.
 */
#pragma once

struct MHD_Daemon;

/* Return when no thread of mhd accepts any more. One thread of the process at a time. */
void http_quiesce(struct MHD_Daemon *mhd);
