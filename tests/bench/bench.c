/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SLICES   41u
#define SLICE_NS UINT64_C(4000000)
#define NS       UINT64_C(1000000000)

static int n_breaches;

void
bench_demand(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

uint64_t
bench_cpu_ns(void)
{
    struct timespec t;
    bench_demand(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "no CPU clock");
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

int
bench_end(void)
{
    return n_breaches > 0 ? 1 : 0;
}

void
bench_value(const char *name, const char *unit, double value, double limit, const char *note)
{
    (void)printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"", name, value, unit);
    if (limit > 0) {
        bool good = value <= limit;
        n_breaches += !good;
        (void)printf(",\"limit\":%.3f,\"ok\":%s", limit, good ? "true" : "false");
    }
    (void)printf("%s%s}\n", note ? "," : "", note ? note : "");
    (void)fflush(stdout);
}

/* ns a run, over n of them. */
static double
time_runs(bench_run *run, void *work, size_t n)
{
    uint64_t begin = bench_cpu_ns();
    for (size_t i = 0; i < n; i++)
        run(work);
    return (double)(bench_cpu_ns() - begin) / (double)n;
}

/* Runs that fill a slice; warms up as well. */
static size_t
runs_of_slice(bench_run *run, void *work)
{
    size_t n = 1;
    while (time_runs(run, work, n) * (double)n < (double)SLICE_NS)
        n *= 2;
    return n;
}

static int
order(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

double
bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, order);
    return values[n / 2];
}

void
bench_ratio(const struct bench *b)
{
    double ratios[SLICES], subject[SLICES], floor[SLICES];
    void *floor_work = b->floor_work ? b->floor_work : b->work;
    double floor_runs = b->floor_runs > 0 ? (double)b->floor_runs : 1.0;
    size_t n_subject = runs_of_slice(b->subject, b->work);
    size_t n_floor = runs_of_slice(b->floor, floor_work);
    for (size_t i = 0; i < SLICES; i++) {
        subject[i] = time_runs(b->subject, b->work, n_subject);
        floor[i] = time_runs(b->floor, floor_work, n_floor) * floor_runs;
        ratios[i] = subject[i] / floor[i];
    }
    char note[96];
    (void)snprintf(note, sizeof note, "\"subject_us\":%.2f,\"floor_us\":%.2f",
                   bench_median(subject, SLICES) / 1000, bench_median(floor, SLICES) / 1000);
    bench_value(b->name, "ratio", bench_median(ratios, SLICES), b->limit, note);
}
