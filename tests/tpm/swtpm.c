/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/swtpm.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_TRIES 500
#define WAIT_NS    (10L * 1000 * 1000)

static bool
is_installed(const char *program)
{
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

bool
swtpm_available(void)
{
    if (is_installed("swtpm") && is_installed("swtpm_setup"))
        return true;
    print_message("swtpm or swtpm_setup is not installed: skipped\n");
    return false;
}

static pid_t
spawn(const char *const *argv, const char *log)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        (void)dup2(fd, 1);
        (void)dup2(fd, 2);
    }
    union {
        const char *const *in;
        char *const *out;
    } arguments = {.in = argv};
    (void)execvp(argv[0], arguments.out);
    _exit(127);
}

static void
make_directory(struct swtpm *s)
{
    *s = (struct swtpm){.dir = "/tmp/attestd-tpm-XXXXXX"};
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->tcti, sizeof s->tcti, "swtpm:path=%s/tpm", s->dir);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/state", s->dir);
    assert_int_equal(0, mkdir(path, 0700));
    (void)snprintf(path, sizeof path, "%s/ca", s->dir);
    assert_int_equal(0, mkdir(path, 0700));
}

static void
write_file(const struct swtpm *s, const char *name, const struct buffer *content)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    assert_status(STATUS_OK, file_save(path, buffer_bytes(content), 0600, NULL));
}

/* A CA of this test's own, so that tests at once share no serial number file. */
static void
write_setup(const struct swtpm *s, const char *banks)
{
    CLEANUP(buffer_free) struct buffer ca = {0};
    buffer_append_format(&ca, "statedir = %s/ca\nsigningkey = %s/ca/signkey.pem\n", s->dir, s->dir);
    buffer_append_format(&ca, "issuercert = %s/ca/issuercert.pem\n", s->dir);
    buffer_append_format(&ca, "certserial = %s/ca/certserial\n", s->dir);
    write_file(s, "localca.conf", &ca);
    CLEANUP(buffer_free) struct buffer options = {0};
    buffer_append_text(&options, "--platform-manufacturer Test\n--platform-version 1\n"
                                 "--platform-model Test\n");
    write_file(s, "localca.options", &options);
    CLEANUP(buffer_free) struct buffer setup = {0};
    buffer_append_format(&setup,
                         "create_certs_tool = swtpm_localca\n"
                         "create_certs_tool_config = %s/localca.conf\n",
                         s->dir);
    buffer_append_format(&setup, "create_certs_tool_options = %s/localca.options\n", s->dir);
    buffer_append_format(&setup, "active_pcr_banks = %s\n", banks);
    write_file(s, "setup.conf", &setup);
}

static void
show_log(const struct swtpm *s)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/log", s->dir);
    CLEANUP(buffer_free) struct buffer log = {0};
    if (file_load(path, 65536, &log, NULL) == STATUS_OK)
        print_error("%s\n", buffer_text(&log));
}

static void
manufacture(struct swtpm *s, const char *banks, bool certificates)
{
    make_directory(s);
    write_setup(s, banks);
    char state[64];
    char setup[64];
    char log[64];
    (void)snprintf(state, sizeof state, "%s/state", s->dir);
    (void)snprintf(setup, sizeof setup, "%s/setup.conf", s->dir);
    (void)snprintf(log, sizeof log, "%s/log", s->dir);
    const char *argv[] = {"swtpm_setup", "--tpm2",   "--tpmstate",
                          state,         "--config", setup,
                          "--pcr-banks", banks,      certificates ? "--create-ek-cert" : NULL,
                          NULL};
    pid_t pid = spawn(argv, log);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    if (status != 0)
        show_log(s);
    assert_int_equal(0, status);
}

/* A socket's file is there before anybody listens on it. */
static bool
answers(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        (void)close(fd);
    return connected;
}

static void
wait_for(const struct swtpm *s, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    for (int i = 0; i < WAIT_TRIES; i++) {
        if (answers(path))
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
    }
    show_log(s);
    fail_msg("swtpm did not start");
}

void
swtpm_power_on(struct swtpm *s)
{
    char state[64];
    char server[64];
    char control[64];
    char log[64];
    (void)snprintf(state, sizeof state, "dir=%s/state", s->dir);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s/tpm", s->dir);
    (void)snprintf(control, sizeof control, "type=unixio,path=%s/tpm.ctrl", s->dir);
    (void)snprintf(log, sizeof log, "%s/log", s->dir);
    const char *argv[] = {"swtpm",
                          "socket",
                          "--tpm2",
                          "--tpmstate",
                          state,
                          "--server",
                          server,
                          "--ctrl",
                          control,
                          "--flags",
                          "not-need-init,startup-clear",
                          NULL};
    s->pid = spawn(argv, log);
    wait_for(s, "tpm");
    wait_for(s, "tpm.ctrl");
}

void
swtpm_power_cut(struct swtpm *s)
{
    if (s->pid == 0)
        return;
    assert_int_equal(0, kill(s->pid, SIGKILL));
    assert_int_equal(s->pid, waitpid(s->pid, NULL, 0));
    s->pid = 0;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/tpm", s->dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/tpm.ctrl", s->dir);
    (void)unlink(path);
}

void
swtpm_open(struct swtpm *s, const char *banks)
{
    manufacture(s, banks, true);
    swtpm_power_on(s);
}

void
swtpm_open_bare(struct swtpm *s)
{
    manufacture(s, "sha256", false);
    swtpm_power_on(s);
}

void
swtpm_run(const struct swtpm *s, const char *const *argv)
{
    char log[64];
    (void)snprintf(log, sizeof log, "%s/log", s->dir);
    assert_int_equal(0, setenv("TPM2TOOLS_TCTI", s->tcti, 1));
    pid_t pid = spawn(argv, log);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    if (status != 0)
        show_log(s);
    assert_int_equal(0, status);
}

void
swtpm_close(struct swtpm *s)
{
    swtpm_power_cut(s);
    const char *argv[] = {"rm", "-rf", s->dir, NULL};
    pid_t pid = spawn(argv, "/dev/null");
    (void)waitpid(pid, NULL, 0);
}
