/* What the C peers share: settings (name=value arguments), time, CPU time, obeying the parent. Included by one source
   per program. */
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

/* So long after the first message nothing counts yet. */
#define WARM_UP_SECONDS 0.2

/* From this size on messages are touched by who receives them. */
#define LARGE_BYTES 100000

static int argument_count;
static char **arguments;
static sem_t told_to_go;

/* The value of a setting, or what it is when not given. */
static inline const char *setting (const char *name, const char *otherwise)
{
    size_t length = strlen (name);
    for (int i = 1; i < argument_count; i++)
        if (strncmp (arguments[i], name, length) == 0 && arguments[i][length] == '=')
            return arguments[i] + length + 1;
    return otherwise;
}

static inline size_t size_setting (void)
{
    return (size_t) atol (setting ("size", "10"));
}

static inline double seconds_setting (void)
{
    return atof (setting ("seconds", "1"));
}

static inline int count_setting (void)
{
    return atoi (setting ("count", "1"));
}

static inline int is_role (const char *name)
{
    return strcmp (setting ("role", ""), name) == 0;
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

/* Answers "cpu", lets wait_until_told return after "go", ends the process when the bench closes our stdin. */
static void *obey_parent (void *unused)
{
    char line[64];
    (void) unused;
    while (fgets (line, sizeof line, stdin) != NULL) {
        if (strcmp (line, "cpu\n") == 0)
            printf ("{\"answer\":%.6f}\n", cpu_seconds ());
        else
            sem_post (&told_to_go);
    }
    _exit (0);
}

static inline void wait_until_told (void)
{
    sem_wait (&told_to_go);
}

/* Reads the settings, allows as many open files as the system lets us, and obeys the bench from now on. */
static inline void begin (int argc, char **argv)
{
    pthread_t thread;
    struct rlimit files;
    argument_count = argc;
    arguments = argv;
    if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit (RLIMIT_NOFILE, &files);
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    sem_init (&told_to_go, 0, 0);
    pthread_create (&thread, NULL, obey_parent, NULL);
}

static inline void check (int rc, const char *what)
{
    if (rc >= 0)
        return;
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

/* What may wait on one side of a connection: as many messages as by default, while they are no more than 16 MB. */
static inline int high_water_mark (size_t size)
{
    size_t messages = 16000000 / size;
    return messages < 1000 ? (int) messages : 1000;
}

static inline void set_int (void *socket, int option, int value)
{
    check (zmq_setsockopt (socket, option, &value, sizeof value), "zmq_setsockopt");
}

/* Binds and gives the real endpoint. */
static inline void bind_to (void *socket, const char *endpoint, char *last, size_t length)
{
    check (zmq_bind (socket, endpoint), "zmq_bind");
    check (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, last, &length), "zmq_getsockopt");
}

/* Makes the socket a CURVE server or client when asked to; the keys are those of curve-keys.ts. */
static inline void protect (void *socket, int server)
{
    if (setting ("curve", "")[0] == 0)
        return;
    const char *public_key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    const char *secret_key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
    const char *server_public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    const char *server_secret_key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    if (server) {
        int yes = 1;
        check (zmq_setsockopt (socket, ZMQ_CURVE_SERVER, &yes, sizeof yes), "ZMQ_CURVE_SERVER");
        check (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, server_secret_key, 41), "ZMQ_CURVE_SECRETKEY");
        return;
    }
    check (zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, server_public_key, 41), "ZMQ_CURVE_SERVERKEY");
    check (zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, public_key, 41), "ZMQ_CURVE_PUBLICKEY");
    check (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret_key, 41), "ZMQ_CURVE_SECRETKEY");
}

/* Binds and reports the real endpoint. */
static inline void bind_and_report (void *socket, const char *endpoint)
{
    char last[512];
    bind_to (socket, endpoint, last, sizeof last);
    printf ("{\"endpoint\":\"%s\"}\n", last);
}

/* Makes a message of its own memory, filled, as libzmq's own performance programs do (they do not even fill it). */
static inline void make_message (zmq_msg_t *message, size_t size)
{
    check (zmq_msg_init_size (message, size), "zmq_msg_init_size");
    memset (zmq_msg_data (message), 'x', size);
}

static inline void send_new (void *socket, size_t size, int flags)
{
    zmq_msg_t message;
    make_message (&message, size);
    check (zmq_msg_send (&message, socket, flags), "zmq_msg_send");
}

/* Reads a byte of every cache line. */
static inline void touch (zmq_msg_t *message, size_t size)
{
    const volatile unsigned char *data = zmq_msg_data (message);
    unsigned long sum = 0;
    for (size_t i = 0; i < size; i += 64)
        sum += data[i];
    assert (sum == 120 * ((size + 63) / 64));
}

/* Counts messages until the time is over. */
struct meter {
    size_t size;
    double length, first, started, elapsed, cpu;
    long every, check, messages;
};

static inline void meter_init (struct meter *meter, size_t size, double seconds)
{
    memset (meter, 0, sizeof *meter);
    meter->size = size;
    meter->length = seconds;
    meter->every = size <= 1000 ? 1000 : size <= 10000 ? 100 : 10;
    meter->messages = -1;
}

static inline int meter_look (struct meter *meter)
{
    double now = now_seconds ();
    meter->check = meter->messages + meter->every;
    if (meter->started > 0) {
        meter->elapsed = now - meter->started;
        return meter->elapsed >= meter->length;
    }
    if (meter->first == 0)
        meter->first = now;
    if (now - meter->first < WARM_UP_SECONDS)
        return 0;
    meter->started = now;
    meter->messages = 0;
    meter->check = meter->every;
    meter->cpu = cpu_seconds ();
    printf ("{\"started\":1}\n");
    return 0;
}

/* A message came; 1 when the time is over. */
static inline int meter_count (struct meter *meter, zmq_msg_t *message)
{
    assert (zmq_msg_size (message) == meter->size);
    if (meter->size >= LARGE_BYTES)
        touch (message, meter->size);
    return ++meter->messages >= meter->check && meter_look (meter);
}

static inline void meter_report (struct meter *meter)
{
    printf ("{\"messages\":%ld,\"seconds\":%.6f,\"cpu\":%.6f}\n", meter->messages, meter->elapsed, cpu_seconds () - meter->cpu);
    fflush (stdout);
}

/* Receives messages of one frame until the time is over, and reports. */
static inline void receive_and_report (void *socket, size_t size, double seconds)
{
    struct meter meter;
    zmq_msg_t message;
    meter_init (&meter, size, seconds);
    check (zmq_msg_init (&message), "zmq_msg_init");
    do
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    while (!meter_count (&meter, &message));
    meter_report (&meter);
}
