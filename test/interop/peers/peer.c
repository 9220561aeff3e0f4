/* A peer over libzmq in C; README.md beside this file says what it understands. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define MAX_ID 256
#define PERIOD 65521
#define SHOWN 32
#define BURST 1000

static void *context;
static void *sockets[MAX_ID];
static void *monitors[MAX_ID];
static int timeouts[MAX_ID];
static uint8_t pattern[PERIOD];
static uint32_t crc_table[8][256];

static char failure[512];

static int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure, sizeof failure, format, arguments);
  va_end(arguments);
  return -1;
}

static int fail_zmq(const char *what) { return fail("%s: %s (%d)", what, zmq_strerror(zmq_errno()), zmq_errno()); }

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void prepare(void) {
  uint32_t x = 1;
  for (int i = 0; i < PERIOD; i++) {
    x = x * 1664525u + 1013904223u;
    pattern[i] = (uint8_t)(x >> 24);
  }
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    crc_table[0][i] = c;
  }
  for (int t = 1; t < 8; t++)
    for (int i = 0; i < 256; i++) crc_table[t][i] = crc_table[0][crc_table[t - 1][i] & 255] ^ (crc_table[t - 1][i] >> 8);
}

/* Eight octets a step: large frames would otherwise cost more than their transport. */
static uint32_t crc32_of(const uint8_t *data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (; size >= 8; size -= 8, data += 8) {
    crc ^= (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
    crc = crc_table[7][crc & 255] ^ crc_table[6][crc >> 8 & 255] ^ crc_table[5][crc >> 16 & 255] ^ crc_table[4][crc >> 24] ^
          crc_table[3][data[4]] ^ crc_table[2][data[5]] ^ crc_table[1][data[6]] ^ crc_table[0][data[7]];
  }
  for (; size > 0; size--, data++) crc = crc_table[0][(crc ^ *data) & 255] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

static void fill(uint8_t *data, size_t size, size_t seed) {
  for (size_t at = seed % PERIOD; size > 0; at = 0) {
    size_t part = PERIOD - at < size ? PERIOD - at : size;
    memcpy(data, pattern + at, part);
    data += part;
    size -= part;
  }
}

static int digit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static size_t from_hex(const char *text, uint8_t *bytes) {
  size_t size = strlen(text) / 2;
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  return size;
}

/* Sends one message given as text, which is changed. */
static int send_message(void *socket, char *text) {
  char *rest = text;
  for (char *frame = strsep(&rest, ","); frame != NULL; frame = strsep(&rest, ",")) {
    int last = rest == NULL;
    size_t size = 0, seed = 0, count = 1;
    if (frame[0] == 'x') size = strlen(frame + 1) / 2;
    else if (frame[0] != 'p' || sscanf(frame, "p%zu:%zu*%zu", &size, &seed, &count) < 2) return fail("not a frame: %s", frame);
    for (size_t i = 0; i < count; i++) {
      zmq_msg_t part;
      zmq_msg_init_size(&part, size);
      if (frame[0] == 'x') from_hex(frame + 1, zmq_msg_data(&part));
      else fill(zmq_msg_data(&part), size, seed + i);
      if (zmq_msg_send(&part, socket, last && i == count - 1 ? 0 : ZMQ_SNDMORE) == -1) {
        zmq_msg_close(&part);
        return fail_zmq("send");
      }
    }
  }
  return 0;
}

/* Receives one message and describes it. */
static int receive_message(void *socket, FILE *out) {
  const char *before = " ";
  for (int more = 1; more;) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket, 0) == -1) return fail_zmq("receive");
    const uint8_t *data = zmq_msg_data(&part);
    size_t size = zmq_msg_size(&part);
    more = zmq_msg_more(&part);
    fputs(before, out);
    if (size > SHOWN) fprintf(out, "c%zu:%08x", size, crc32_of(data, size));
    else {
      fputc('x', out);
      for (size_t i = 0; i < size; i++) fprintf(out, "%02x", data[i]);
    }
    zmq_msg_close(&part);
    before = ",";
  }
  return 0;
}

/* All frames come before any goes: REP and REQ may not send while they receive. */
static int echo_message(void *socket) {
  zmq_msg_t *parts = NULL;
  size_t count = 0, sent = 0;
  int result = 0;
  for (int more = 1; more && result == 0;) {
    parts = realloc(parts, (count + 1) * sizeof *parts);
    zmq_msg_init(&parts[count]);
    if (zmq_msg_recv(&parts[count++], socket, 0) == -1) result = fail_zmq("echo: receive");
    else more = zmq_msg_more(&parts[count - 1]);
  }
  for (; sent < count && result == 0; sent++)
    if (zmq_msg_send(&parts[sent], socket, sent < count - 1 ? ZMQ_SNDMORE : 0) == -1) result = fail_zmq("echo: send");
  for (size_t i = 0; i < count; i++) zmq_msg_close(&parts[i]);
  free(parts);
  return result;
}

static int flow(void *socket, int timeout, uint32_t out, uint32_t in, size_t size) {
  uint8_t *body = malloc(size), *got = malloc(size + 1);
  uint32_t sent = 0, received = 0;
  int result = 0;
  fill(body, size, 0);
  while (result == 0 && (sent < out || received < in)) {
    int moved = 0;
    for (int i = 0; i < BURST && sent < out; i++, moved = 1) {
      body[0] = sent >> 24, body[1] = sent >> 16, body[2] = sent >> 8, body[3] = sent;
      if (zmq_send(socket, body, size, ZMQ_DONTWAIT) == -1) {
        if (zmq_errno() != EAGAIN) result = fail_zmq("flow: send");
        break;
      }
      sent++;
    }
    for (int i = 0; i < BURST && received < in && result == 0; i++, moved = 1) {
      int length = zmq_recv(socket, got, size + 1, ZMQ_DONTWAIT);
      if (length == -1) {
        if (zmq_errno() != EAGAIN) result = fail_zmq("flow: receive");
        break;
      }
      uint32_t number = (uint32_t)got[0] << 24 | (uint32_t)got[1] << 16 | (uint32_t)got[2] << 8 | got[3];
      if ((size_t)length != size || number != received) {
        result = fail("flow: got number %u in %d octets, expected %u in %zu", number, length, received, size);
        break;
      }
      received++;
    }
    if (result != 0 || moved) continue;
    zmq_pollitem_t item = {socket, 0, (sent < out ? ZMQ_POLLOUT : 0) | (received < in ? ZMQ_POLLIN : 0), 0};
    if (zmq_poll(&item, 1, timeout) == 0) result = fail("flow: stuck at %u sent, %u received", sent, received);
  }
  free(body);
  free(got);
  return result;
}

static const struct {
  const char *name;
  int event;
} events[] = {
    {"accept", ZMQ_EVENT_ACCEPTED},
    {"bind", ZMQ_EVENT_LISTENING},
    {"connect", ZMQ_EVENT_CONNECTED},
    {"connect:delay", ZMQ_EVENT_CONNECT_DELAYED},
    {"connect:retry", ZMQ_EVENT_CONNECT_RETRIED},
    {"disconnect", ZMQ_EVENT_DISCONNECTED},
    {"handshake", ZMQ_EVENT_HANDSHAKE_SUCCEEDED},
    {"handshake:error:protocol", ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL},
    {"handshake:error:other", ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL},
};

static int await_event(int id, const char *name, FILE *out) {
  int wanted = 0;
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(events[i].name, name) == 0) wanted = events[i].event;
  if (wanted == 0 || monitors[id] == NULL) return fail("event: no such event or monitor: %s", name);
  int64_t end = now_ms() + timeouts[id];
  for (;;) {
    int left = (int)(end - now_ms());
    if (left < 0) left = 0;
    zmq_setsockopt(monitors[id], ZMQ_RCVTIMEO, &left, sizeof left);
    zmq_msg_t head, address;
    zmq_msg_init(&head);
    zmq_msg_init(&address);
    if (zmq_msg_recv(&head, monitors[id], 0) == -1 || zmq_msg_recv(&address, monitors[id], 0) == -1) return fail_zmq("event");
    uint16_t event;
    memcpy(&event, zmq_msg_data(&head), sizeof event);
    int found = event == wanted;
    if (found) fprintf(out, " %.*s", (int)zmq_msg_size(&address), (char *)zmq_msg_data(&address));
    zmq_msg_close(&head);
    zmq_msg_close(&address);
    if (found) return 0;
  }
}

static const struct {
  const char *name;
  int option;
} options[] = {
    {"linger", ZMQ_LINGER},
    {"sendHighWaterMark", ZMQ_SNDHWM},
    {"receiveHighWaterMark", ZMQ_RCVHWM},
    {"reconnectInterval", ZMQ_RECONNECT_IVL},
    {"immediate", ZMQ_IMMEDIATE},
    {"mandatory", ZMQ_ROUTER_MANDATORY},
    {"handover", ZMQ_ROUTER_HANDOVER},
    {"probeRouter", ZMQ_PROBE_ROUTER},
    {"correlate", ZMQ_REQ_CORRELATE},
    {"relaxed", ZMQ_REQ_RELAXED},
    {"heartbeatInterval", ZMQ_HEARTBEAT_IVL},
    {"heartbeatTimeout", ZMQ_HEARTBEAT_TIMEOUT},
    {"heartbeatTimeToLive", ZMQ_HEARTBEAT_TTL},
    {"conflate", ZMQ_CONFLATE},
    {"verbose", ZMQ_XPUB_VERBOSE},
    {"verboser", ZMQ_XPUB_VERBOSER},
    {"manual", ZMQ_XPUB_MANUAL},
    {"invertMatching", ZMQ_INVERT_MATCHING},
    {"plainServer", ZMQ_PLAIN_SERVER},
    {"curveServer", ZMQ_CURVE_SERVER},
};

/* Given in hexadecimal. METADATA has a name in drafts only, but its number works. */
static const struct {
  const char *name;
  int option;
} byte_options[] = {
    {"routingId", ZMQ_ROUTING_ID},
    {"connectRoutingId", ZMQ_CONNECT_ROUTING_ID},
    {"welcomeMessage", ZMQ_XPUB_WELCOME_MSG},
    {"metadata", 95},
    {"plainUsername", ZMQ_PLAIN_USERNAME},
    {"plainPassword", ZMQ_PLAIN_PASSWORD},
    {"curvePublicKey", ZMQ_CURVE_PUBLICKEY},
    {"curveSecretKey", ZMQ_CURVE_SECRETKEY},
    {"curveServerKey", ZMQ_CURVE_SERVERKEY},
};

static int set_option(int id, char *text) {
  char *value = text, *name = strsep(&value, "=");
  if (value == NULL) return fail("not an option: %s", name);
  for (size_t i = 0; i < sizeof byte_options / sizeof *byte_options; i++)
    if (strcmp(byte_options[i].name, name) == 0) {
      uint8_t bytes[256];
      size_t size = from_hex(value + 1, bytes);
      return zmq_setsockopt(sockets[id], byte_options[i].option, bytes, size) == -1 ? fail_zmq(name) : 0;
    }
  int number = atoi(value);
  if (strcmp(name, "timeout") == 0) {
    timeouts[id] = number;
    zmq_setsockopt(sockets[id], ZMQ_SNDTIMEO, &number, sizeof number);
    zmq_setsockopt(sockets[id], ZMQ_RCVTIMEO, &number, sizeof number);
    return 0;
  }
  if (strcmp(name, "events") == 0) {
    char endpoint[32];
    snprintf(endpoint, sizeof endpoint, "inproc://events-%d", id);
    if (zmq_socket_monitor(sockets[id], endpoint, ZMQ_EVENT_ALL) == -1) return fail_zmq("monitor");
    monitors[id] = zmq_socket(context, ZMQ_PAIR);
    return zmq_connect(monitors[id], endpoint) == -1 ? fail_zmq("monitor") : 0;
  }
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strcmp(options[i].name, name) == 0)
      return zmq_setsockopt(sockets[id], options[i].option, &number, sizeof number) == -1 ? fail_zmq(name) : 0;
  return fail("no such option: %s", name);
}

static void close_socket(int id) {
  if (monitors[id] != NULL) {
    zmq_socket_monitor(sockets[id], NULL, 0);
    int none = 0;
    zmq_setsockopt(monitors[id], ZMQ_LINGER, &none, sizeof none);
    zmq_close(monitors[id]);
    monitors[id] = NULL;
  }
  zmq_close(sockets[id]);
  sockets[id] = NULL;
}

static int make_socket(int id, const char *type, char *rest) {
  static const char *const types[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"};
  int number = -1;
  for (int i = 0; i < (int)(sizeof types / sizeof *types); i++)
    if (type != NULL && strcmp(types[i], type) == 0) number = i;
  if (number == -1 || sockets[id] != NULL) return fail("no such socket type, or id is taken: %s", type ? type : "");
  sockets[id] = zmq_socket(context, number);
  if (sockets[id] == NULL) return fail_zmq("socket");
  char timeout[] = "timeout=20000";
  set_option(id, timeout);
  for (char *option = strsep(&rest, " "); option != NULL; option = strsep(&rest, " "))
    if (set_option(id, option) == -1) {
      close_socket(id);
      return -1;
    }
  return 0;
}

/* Receives one frame and reports a property of its sender. */
static int property(void *socket, const char *name, FILE *out) {
  zmq_msg_t part;
  zmq_msg_init(&part);
  if (zmq_msg_recv(&part, socket, 0) == -1) return fail_zmq("receive");
  const char *value = zmq_msg_gets(&part, name);
  if (value == NULL) return fail_zmq(name);
  fputs(" x", out);
  for (const char *c = value; *c != 0; c++) fprintf(out, "%02x", (uint8_t)*c);
  zmq_msg_close(&part);
  return 0;
}

static int none(int id, int ms) {
  zmq_pollitem_t item = {sockets[id], 0, ZMQ_POLLIN, 0};
  return zmq_poll(&item, 1, ms) == 0 ? 0 : fail("a message came where none should");
}

static int run(char *line, FILE *out) {
  char *rest = line;
  const char *command = strsep(&rest, " ");
  const char *number = strsep(&rest, " ");
  int id = number == NULL ? -1 : atoi(number);
  if (id < 0 || id >= MAX_ID) return fail("no such id in: %s", command);
  if (strcmp(command, "socket") == 0) {
    const char *type = strsep(&rest, " ");
    return make_socket(id, type, rest);
  }
  void *socket = sockets[id];
  if (socket == NULL) return fail("no socket %d", id);
  if (strcmp(command, "close") == 0) {
    close_socket(id);
    return 0;
  }
  if (rest == NULL) return fail("%s needs an argument", command);
  if (strcmp(command, "bind") == 0) {
    char last[512];
    size_t size = sizeof last;
    if (zmq_bind(socket, rest) == -1) return fail_zmq("bind");
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, last, &size);
    fprintf(out, " %s", last);
    return 0;
  }
  if (strcmp(command, "connect") == 0) return zmq_connect(socket, rest) == -1 ? fail_zmq("connect") : 0;
  if (strcmp(command, "event") == 0) return await_event(id, rest, out);
  if (strcmp(command, "property") == 0) return property(socket, rest, out);
  if (strcmp(command, "none") == 0) return none(id, atoi(rest));
  if (strcmp(command, "subscribe") == 0 || strcmp(command, "unsubscribe") == 0) {
    uint8_t topic[256];
    size_t size = from_hex(rest + 1, topic);
    int option = command[0] == 's' ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
    if (zmq_setsockopt(socket, option, topic, size) == -1) return fail_zmq(command);
    /* Setting does not make libzmq look at peers that have come since; this does, and then they get the subscription. */
    int ready;
    size_t ready_size = sizeof ready;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &ready, &ready_size) == -1 ? fail_zmq(command) : 0;
  }
  if (strcmp(command, "flow") == 0) {
    uint32_t sends, receives;
    size_t size;
    if (sscanf(rest, "%u %u %zu", &sends, &receives, &size) != 3) return fail("not a flow: %s", rest);
    return flow(socket, timeouts[id], sends, receives, size);
  }
  if (strcmp(command, "receive") == 0 || strcmp(command, "echo") == 0) {
    for (int count = atoi(rest); count > 0; count--)
      if ((command[0] == 'r' ? receive_message(socket, out) : echo_message(socket)) == -1) return -1;
    return 0;
  }
  if (strcmp(command, "send") == 0 || strcmp(command, "ask") == 0) {
    for (char *message = strsep(&rest, " "); message != NULL; message = strsep(&rest, " ")) {
      if (send_message(socket, message) == -1) return -1;
      if (command[0] == 'a' && receive_message(socket, out) == -1) return -1;
    }
    return 0;
  }
  return fail("no such command: %s", command);
}

int main(void) {
  int major, minor, patch;
  zmq_version(&major, &minor, &patch);
  prepare();
  context = zmq_ctx_new();
  printf("ready %d.%d.%d\n", major, minor, patch);
  fflush(stdout);
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, stdin)) != -1) {
    if (length > 0 && line[length - 1] == '\n') line[length - 1] = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int result = run(line, out);
    fclose(out);
    if (result == 0) printf("ok%s\n", text);
    else printf("error %s\n", failure);
    fflush(stdout);
    free(text);
  }
  _exit(0);
}
