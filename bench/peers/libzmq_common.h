/* What the C peers share: settings (name=value arguments), time, CPU time, and ending with the parent. Included by
   one source per program. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static int argument_count;
static char **arguments;

/* The value of a setting, or what it is when not given. */
static inline const char *setting (const char *name, const char *otherwise)
{
    size_t length = strlen (name);
    for (int i = 1; i < argument_count; i++)
        if (strncmp (arguments[i], name, length) == 0 && arguments[i][length] == '=')
            return arguments[i] + length + 1;
    return otherwise;
}

static inline double now_seconds (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

/* User and system time of this process, all its threads. */
static inline double cpu_seconds (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void *wait_for_parent (void *unused)
{
    char byte;
    (void) unused;
    while (read (0, &byte, 1) > 0) {
    }
    _exit (0);
}

/* Reads the settings, and ends the process when the bench closes our stdin. */
static inline void begin (int argc, char **argv)
{
    pthread_t thread;
    argument_count = argc;
    arguments = argv;
    setvbuf (stdout, NULL, _IOLBF, 0);
    pthread_create (&thread, NULL, wait_for_parent, NULL);
}

static inline void check (int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

/* Binds and reports the real endpoint. */
static inline void bind_and_report (void *socket, const char *endpoint)
{
    char last[512];
    size_t length = sizeof last;
    check (zmq_bind (socket, endpoint), "zmq_bind");
    check (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, last, &length), "zmq_getsockopt");
    printf ("{\"endpoint\":\"%s\"}\n", last);
}

/* Sends a message of its own memory, as libzmq's own performance programs do. */
static inline void send_new (void *socket, size_t size)
{
    zmq_msg_t message;
    check (zmq_msg_init_size (&message, size), "zmq_msg_init_size");
    check (zmq_msg_send (&message, socket, 0), "zmq_msg_send");
}

/* Receives until the time is over, beginning with the first message, and reports. */
static inline void receive_and_report (void *socket, size_t size, double seconds)
{
    long every = size <= 1000 ? 1000 : size <= 10000 ? 100 : 10;
    long messages = 0;
    double started, elapsed, cpu;
    zmq_msg_t message;
    check (zmq_msg_init (&message), "zmq_msg_init");
    check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    started = now_seconds ();
    cpu = cpu_seconds ();
    for (;;) {
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
        assert (zmq_msg_size (&message) == size);
        if (++messages % every != 0)
            continue;
        elapsed = now_seconds () - started;
        if (elapsed >= seconds)
            break;
    }
    printf ("{\"messages\":%ld,\"seconds\":%.6f,\"cpu\":%.6f}\n", messages, elapsed, cpu_seconds () - cpu);
}
