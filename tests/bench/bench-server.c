/* SPDX-License-Identifier: Apache-2.0 */
/* usage: bench-server ATTESTD DIRECTORY [SECTION.KEY=VALUE...]
 * CPU of attestd for whole rounds over HTTPS, on new and on kept connections; its memory with
 * 10,000 devices and 1,000 connections. DIRECTORY is empty and becomes the daemon's state. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/bench/bench.h"
#include "tests/bench/client.h"
#include "tests/bench/fleet.h"
#include "tests/bench/floor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS      100u
#define DEVICES     10000u
#define ACTIVE      1024u
#define LANES       64u   /* requests under way at once */
#define BLOCKS      41u   /* of LANES rounds each; odd, for the median */
#define CONNECTIONS 1000u /* for the memory */
#define TOKEN_SIZE  2000u /* of such a round's */
#define START_MS    15000u
#define MAX_WORDS   64u

struct server {
    pid_t pid;
    clockid_t cpu;
    unsigned port;
    const char *directory;
};

struct lane {
    struct client_connection connection;
    struct fleet_device *device;
};

struct load {
    struct server server;
    struct client client;
    struct fleet *fleet;
    struct floor *floor;
    cpu_set_t cores;
    size_t next_device;
    struct lane lanes[LANES];
};

/* ---- the daemon ---- */

static unsigned
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_demand(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&address, size) == 0 &&
                     getsockname(fd, (struct sockaddr *)(void *)&address, &size) == 0,
                 "no port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void
execute(const char *program, const struct server *s, char *const *settings)
{
    char text[5][600];
    const char *words[MAX_WORDS] = {program, "--config", "/dev/null"};
    size_t n = 3;
    (void)snprintf(text[0], sizeof text[0], "server.origin=https://127.0.0.1:%u", s->port);
    (void)snprintf(text[1], sizeof text[1], "server.listen=127.0.0.1:%u", s->port);
    (void)snprintf(text[2], sizeof text[2], "state.directory=%s", s->directory);
    (void)snprintf(text[3], sizeof text[3], "server.connections_by_address=4000");
    (void)snprintf(text[4], sizeof text[4], "enrollment.ek_roots=%s/roots", s->directory);
    for (size_t i = 0; i < 5; i++) {
        words[n++] = "--set";
        words[n++] = text[i];
    }
    for (; *settings && n + 2 < MAX_WORDS; settings++) {
        words[n++] = "--set";
        words[n++] = *settings;
    }
    char log[600];
    (void)snprintf(log, sizeof log, "%s/log", s->directory);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with us, however we do */
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        _exit(127);
    (void)execv(program, (char *const *)(const void *)words);
    _exit(127);
}

static void
pause_ms(unsigned ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

static void
server_start(struct server *s, const char *program, char *const *settings)
{
    s->port = free_port();
    s->pid = fork();
    bench_demand(s->pid >= 0, "cannot fork");
    if (s->pid == 0)
        execute(program, s, settings);
    bench_demand(clock_getcpuclockid(s->pid, &s->cpu) == 0, "no CPU clock of the daemon");
}

static void
server_wait(const struct server *s, const struct client *client)
{
    for (unsigned waited = 0; waited < START_MS; waited += 50) {
        struct client_connection c;
        bench_demand(waitpid(s->pid, NULL, WNOHANG) == 0, "attestd ended: see its log");
        if (client_connect(client, &c)) {
            client_disconnect(&c);
            return;
        }
        pause_ms(50);
    }
    bench_demand(false, "attestd does not listen");
}

static void
server_stop(const struct server *s)
{
    int status = 0;
    bench_demand(kill(s->pid, SIGTERM) == 0 && waitpid(s->pid, &status, 0) == s->pid &&
                     WIFEXITED(status) && WEXITSTATUS(status) == 0,
                 "attestd did not end well");
}

/* What its writer said of itself at the end. */
static void
tell_commits(const struct server *s)
{
    static const char name[] = "writer: ";
    char path[600];
    unsigned long long n_rounds = 0, n_commits = 0;
    CLEANUP(buffer_free) struct buffer log = {0};
    (void)snprintf(path, sizeof path, "%s/log", s->directory);
    bench_demand(file_load(path, SIZE_MAX / 2, &log, NULL) == STATUS_OK, "attestd's log");
    const char *text = buffer_text(&log);
    const char *line = text ? strstr(text, name) : NULL;
    bench_demand(line && sscanf(line + strlen(name), "%llu rounds in %llu commits", &n_rounds,
                                &n_commits) == 2,
                 "attestd told no commits");
    char note[64];
    (void)snprintf(note, sizeof note, "\"rounds\":%llu,\"commits\":%llu", n_rounds, n_commits);
    bench_value("server.rounds-a-commit", "rounds", (double)n_rounds / (double)n_commits, 0, note);
}

static double
server_cpu_us(const struct server *s)
{
    struct timespec t;
    bench_demand(clock_gettime(s->cpu, &t) == 0, "attestd is gone");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A number of /proc/PID/FILE, after "NAME:". */
static double
server_number(const struct server *s, const char *file, const char *name)
{
    char path[64], line[256];
    double number = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)s->pid, file);
    FILE *f = fopen(path, "re");
    bench_demand(f, "attestd is gone");
    while (fgets(line, sizeof line, f)) {
        if (text_starts(line, name))
            number = strtod(line + strlen(name), NULL);
    }
    (void)fclose(f);
    return number;
}

/* Every thread of the daemon there is, and this one. */
static void
run_on(const struct server *s, const cpu_set_t *cores)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)s->pid);
    DIR *tasks = opendir(path);
    bench_demand(tasks, "attestd is gone");
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        long id = strtol(task->d_name, NULL, 10);
        if (id > 0)
            (void)sched_setaffinity((pid_t)id, sizeof *cores, cores); /* it may have ended */
    }
    (void)closedir(tasks);
    bench_demand(sched_setaffinity(0, sizeof *cores, cores) == 0, "cannot choose a core");
}

/* Cores that share a unit slow each other, and those of a virtual machine share one now and then:
 * the same round was seen to cost half as much again. The floor is the work of one thread, which
 * does not meet that. So what is compared runs on one core. */
static void
compare_begin(struct load *l)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    run_on(&l->server, &one);
}

static void
compare_end(struct load *l)
{
    run_on(&l->server, &l->cores);
}

static double
server_rss_mib(const struct server *s)
{
    return server_number(s, "status", "VmRSS:") / 1024;
}

/* ---- rounds ---- */

static void
ask_challenge(struct lane *lane)
{
    char head[160];
    (void)snprintf(head, sizeof head, "POST /v1/devices/%s/challenges HTTP/1.1\r\n",
                   lane->device->id);
    client_send(&lane->connection, head, (struct bytes){0});
}

static void
post_evidence(struct load *l, struct lane *lane)
{
    static const char name[] = "\"challenge\":\"";
    struct client_connection *c = &lane->connection;
    CLEANUP(buffer_free) struct buffer token = {0}, body = {0}, head = {0};
    const char *text = strstr((const char *)c->body.data, name);
    bench_demand(c->status == 201 && text, "no challenge");
    text += strlen(name);
    struct bytes encoded = bytes_of(text, strcspn(text, "\""));
    bench_demand(text_parse_base64url(encoded, &token) == STATUS_OK, "challenge");
    const struct fleet_round round = {.device = lane->device,
                                      .token = buffer_bytes(&token),
                                      .origin = l->client.origin,
                                      .exporter = bytes_of(c->exporter, sizeof c->exporter)};
    fleet_answer(l->fleet, &round, &body);
    buffer_append_format(&head,
                         "POST /v1/devices/%s/evidence HTTP/1.1\r\n"
                         "Content-Type: application/cmw+cbor\r\nAttestation-Challenge: ",
                         lane->device->id);
    buffer_append(&head, encoded);
    buffer_append_text(&head, "\r\n");
    client_send(c, buffer_text(&head), buffer_bytes(&body));
}

static void
check_result(struct lane *lane)
{
    const struct client_connection *c = &lane->connection;
    if (c->status != 201 || !strstr((const char *)c->body.data, "\"verdict\":\"trusted\"")) {
        (void)fprintf(stderr, "%u %.*s\n", c->status, (int)c->body.size,
                      (const char *)c->body.data);
        bench_demand(false, "a round is not trusted");
    }
    lane->device->log_held = true;
}

/* One round on each lane, all at once. */
static void
run_rounds(struct load *l)
{
    for (size_t i = 0; i < LANES; i++) {
        l->lanes[i].device = &l->fleet->devices[l->next_device++ % ACTIVE];
        ask_challenge(&l->lanes[i]);
    }
    for (size_t i = 0; i < LANES; i++)
        client_receive(&l->lanes[i].connection);
    for (size_t i = 0; i < LANES; i++)
        post_evidence(l, &l->lanes[i]);
    for (size_t i = 0; i < LANES; i++) {
        client_receive(&l->lanes[i].connection);
        check_result(&l->lanes[i]);
    }
}

static void
connect_all(struct load *l)
{
    for (size_t i = 0; i < LANES; i++)
        bench_demand(client_connect(&l->client, &l->lanes[i].connection), "refused");
}

static void
disconnect_all(struct load *l)
{
    for (size_t i = 0; i < LANES; i++)
        client_disconnect(&l->lanes[i].connection);
}

static void
get_health(struct load *l)
{
    for (size_t i = 0; i < LANES; i++)
        client_send(&l->lanes[i].connection, "GET /healthz HTTP/1.1\r\n", (struct bytes){0});
    for (size_t i = 0; i < LANES; i++) {
        client_receive(&l->lanes[i].connection);
        bench_demand(l->lanes[i].connection.status == 200, "not healthy");
    }
}

/* ---- what is measured: CPU us of the daemon for each of LANES ---- */

static void
kept_rounds(struct load *l)
{
    run_rounds(l);
}

static void
new_rounds(struct load *l)
{
    connect_all(l);
    run_rounds(l);
    disconnect_all(l);
}

static void
bare_handshakes(struct load *l)
{
    connect_all(l);
    get_health(l);
    disconnect_all(l);
}

/* The daemon notices a closed connection a moment later. */
static double
cpu_of(struct load *l, void (*block)(struct load *l))
{
    double before = server_cpu_us(&l->server);
    block(l);
    pause_ms(5);
    return (server_cpu_us(&l->server) - before) / LANES;
}

static double
floor_us(struct load *l)
{
    uint64_t before = bench_cpu_ns();
    for (size_t i = 0; i < LANES; i++)
        floor_run(l->floor);
    return (double)(bench_cpu_ns() - before) / 1e3 / LANES;
}

static double
wall_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Rounds a second on this machine, the client's work included. */
static double
rate_of(struct load *l, void (*block)(struct load *l), size_t n)
{
    double begin = wall_s();
    for (size_t i = 0; i < n; i++)
        block(l);
    return (double)(n * LANES) / (wall_s() - begin);
}

static void
measure_first(struct load *l)
{
    double cpu[ACTIVE / LANES];
    char note[64];
    connect_all(l);
    for (size_t i = 0; i < ACTIVE / LANES; i++)
        cpu[i] = cpu_of(l, kept_rounds);
    for (size_t i = 0; i < ACTIVE / LANES; i++)
        kept_rounds(l); /* a device is remembered from its second round of a boot on */
    disconnect_all(l);
    (void)snprintf(note, sizeof note, "\"boot_log_bytes\":%zu", l->fleet->scene->log.log.size);
    bench_value("server.first-round-kept-connection", "us", bench_median(cpu, ACTIVE / LANES), 0,
                note);
}

static void
measure_kept(struct load *l)
{
    double cpu[BLOCKS], floor[BLOCKS], ratio[BLOCKS], spread[BLOCKS];
    char note[96];
    connect_all(l);
    compare_begin(l);
    for (size_t i = 0; i < BLOCKS; i++) {
        cpu[i] = cpu_of(l, kept_rounds);
        floor[i] = floor_us(l);
        ratio[i] = cpu[i] / floor[i];
    }
    compare_end(l);
    for (size_t i = 0; i < BLOCKS; i++)
        spread[i] = cpu_of(l, kept_rounds) / floor_us(l);
    (void)snprintf(note, sizeof note, "\"server_us\":%.1f,\"floor_us\":%.1f",
                   bench_median(cpu, BLOCKS), bench_median(floor, BLOCKS));
    bench_value("server.round-kept-connection", "ratio", bench_median(ratio, BLOCKS), 3.0, note);
    bench_value("server.round-kept-connection-on-all-cores", "ratio", bench_median(spread, BLOCKS),
                0, NULL);
    double written = server_number(&l->server, "io", "write_bytes:");
    bench_value("server.rounds-a-second-kept", "1/s", rate_of(l, kept_rounds, BLOCKS), 0, NULL);
    written = server_number(&l->server, "io", "write_bytes:") - written;
    bench_value("server.written-a-round", "KiB", written / 1024 / (BLOCKS * LANES), 0, NULL);
    disconnect_all(l);
}

static void
measure_new(struct load *l)
{
    double whole[BLOCKS], bare[BLOCKS], more[BLOCKS];
    char note[96];
    compare_begin(l);
    for (size_t i = 0; i < BLOCKS; i++) {
        bare[i] = cpu_of(l, bare_handshakes);
        whole[i] = cpu_of(l, new_rounds);
        more[i] = whole[i] - bare[i];
    }
    compare_end(l);
    (void)snprintf(note, sizeof note, "\"server_us\":%.1f,\"handshake_us\":%.1f",
                   bench_median(whole, BLOCKS), bench_median(bare, BLOCKS));
    bench_value("server.round-new-connection-over-handshake", "us", bench_median(more, BLOCKS), 500,
                note);
    bench_value("server.rounds-a-second-new", "1/s", rate_of(l, new_rounds, BLOCKS / 4), 0, NULL);
}

static void
measure_memory(struct load *l)
{
    struct client_connection *all = calloc(CONNECTIONS, sizeof *all);
    bench_demand(all, "memory");
    double before = server_rss_mib(&l->server);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        bench_demand(client_connect(&l->client, &all[i]), "refused");
        client_send(&all[i], "GET /healthz HTTP/1.1\r\n", (struct bytes){0});
        client_receive(&all[i]);
    }
    char note[96];
    (void)snprintf(note, sizeof note,
                   "\"without_connections\":%.1f,\"devices\":%u,\"connections\":%u", before,
                   DEVICES, CONNECTIONS);
    bench_value("server.rss", "MiB", server_rss_mib(&l->server), 0, note);
    for (size_t i = 0; i < CONNECTIONS; i++)
        client_disconnect(&all[i]);
    free(all);
}

/* In memory, then copied: 20,000 commits would wait for the disk. */
static void
seed(struct load *l)
{
    char directory[] = "/dev/shm/bench-server.XXXXXX", from[64], to[600];
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    bench_demand(mkdtemp(directory) != NULL, "no /dev/shm");
    (void)snprintf(from, sizeof from, "%s/attestd.db", directory);
    (void)snprintf(to, sizeof to, "%s/attestd.db", l->server.directory);
    fleet_seed(l->fleet, from);
    enum status s = file_load(from, SIZE_MAX / 2, &content, &diag);
    if (s == STATUS_OK)
        s = file_save(to, buffer_bytes(&content), 0600, &diag);
    (void)unlink(from);
    (void)rmdir(directory);
    bench_demand(s == STATUS_OK, diag.text);
    (void)snprintf(to, sizeof to, "%s/roots", l->server.directory);
    bench_demand(mkdir(to, 0700) == 0, "cannot make the roots' directory");
}

static void
prepare(struct load *l)
{
    const struct rlimit files = {.rlim_cur = 8192, .rlim_max = 8192};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    bench_demand(sched_getaffinity(0, sizeof l->cores, &l->cores) == 0, "no cores");
    (void)signal(SIGPIPE, SIG_IGN);
    l->fleet = fleet_new(EVENTS, DEVICES, ACTIVE);
    seed(l);
    l->floor = floor_new(l->fleet->scene, buffer_bytes(&l->fleet->scene->built.attest), TOKEN_SIZE);
}

int
main(int argc, char **argv)
{
    static struct load l;
    bench_demand(argc >= 3, "usage: bench-server ATTESTD DIRECTORY [SECTION.KEY=VALUE...]");
    l.server.directory = argv[2];
    prepare(&l);
    server_start(&l.server, argv[1], argv + 3);
    client_open(&l.client, l.server.port);
    server_wait(&l.server, &l.client);
    measure_first(&l);
    measure_kept(&l);
    measure_new(&l);
    measure_memory(&l);
    server_stop(&l.server);
    tell_commits(&l.server);
    client_close(&l.client);
    floor_free(l.floor);
    fleet_free(l.fleet);
    return bench_end();
}
