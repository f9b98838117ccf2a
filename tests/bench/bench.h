/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratios of CPU time, taken so that a busy machine does not bend them: subject and floor run in
 * turn, in slices of some milliseconds, and the median of the slices' ratios counts. One JSON
 * object a line on stdout; bench_end() is the program's exit status.
 */
#pragma once

#include "base/bytes.h"

/* Do the work once. */
typedef void bench_run(void *work);

struct bench {
    const char *name;
    bench_run *subject;
    bench_run *floor;
    void *work;        /* of the subject */
    void *floor_work;  /* NULL: work too */
    size_t floor_runs; /* how often the floor runs for one subject; 0: once */
    double limit;      /* 0: only told */
};

/* Print the line of a ratio. */
void bench_ratio(const struct bench *b);
/* Print the line of a value that was taken elsewhere; limit 0: only told. note: JSON members
 * ("\"rounds\":10"), or NULL. */
void bench_value(const char *name, const char *unit, double value, double limit, const char *note);
/* Sorts values. */
double bench_median(double *values, size_t n);
/* CPU time of this process, ns. */
uint64_t bench_cpu_ns(void);
/* 0 when every limit so far held, else 1. */
int bench_end(void);

/* End the program with a message when not. */
void bench_demand(bool good, const char *what);
