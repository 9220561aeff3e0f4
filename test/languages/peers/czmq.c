// A peer over CZMQ, the high-level C binding of libzmq; ../../interop/peers/README.md says what it understands.

#include <czmq.h>

#define PERIOD 65521
#define SHOWN 32

static byte block[PERIOD];
static uint32_t crc_table[256];
static zsock_t *sockets[256];
static char fault[256];

static const char *TYPES[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"};

static int fail(const char *what) {
  snprintf(fault, sizeof fault, "%s: %s", what, zmq_strerror(zmq_errno()));
  return -1;
}

static void make_tables(void) {
  uint32_t x = 1;
  for (size_t i = 0; i < PERIOD; i++) {
    x = x * 1664525 + 1013904223;
    block[i] = (byte)(x >> 24);
  }
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    crc_table[i] = value;
  }
}

static uint32_t crc32(const byte *bytes, size_t size) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < size; i++) crc = crc_table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
  return ~crc;
}

/** The octets of "x6869"; the caller frees them. */
static byte *bytes_of(const char *text, size_t *size) {
  *size = strlen(text + 1) / 2;
  byte *bytes = calloc(1, *size + 1);
  for (size_t i = 0; i < *size; i++) {
    unsigned octet = 0;
    sscanf(text + 1 + 2 * i, "%2x", &octet);
    bytes[i] = (byte)octet;
  }
  return bytes;
}

static zmsg_t *message_of(char *text) {
  zmsg_t *message = zmsg_new();
  for (char *frame; (frame = strsep(&text, ",")) != NULL;) {
    size_t size, seed, count = 1;
    if (*frame == 'x') {
      byte *bytes = bytes_of(frame, &size);
      zmsg_addmem(message, bytes, size);
      free(bytes);
      continue;
    }
    if (sscanf(frame, "p%zu:%zu*%zu", &size, &seed, &count) < 2) {
      zmsg_destroy(&message);
      return NULL;
    }
    for (size_t n = 0; n < count; n++) {
      byte *bytes = malloc(size + 1);
      for (size_t i = 0; i < size; i++) bytes[i] = block[(seed + n + i) % PERIOD];
      zmsg_addmem(message, bytes, size);
      free(bytes);
    }
  }
  return message;
}

static void print_message(zmsg_t *message) {
  const char *between = " ";
  for (zframe_t *frame = zmsg_first(message); frame != NULL; frame = zmsg_next(message)) {
    size_t size = zframe_size(frame);
    byte *bytes = zframe_data(frame);
    if (size > SHOWN) {
      printf("%sc%zu:%08x", between, size, crc32(bytes, size));
    } else {
      printf("%sx", between);
      for (size_t i = 0; i < size; i++) printf("%02x", bytes[i]);
    }
    between = ",";
  }
}

static int set_option(zsock_t *socket, char *setting) {
  char *value = setting, *name = strsep(&value, "=");
  if (value == NULL) return fail("not an option");
  if (streq(name, "timeout")) {
    zsock_set_rcvtimeo(socket, atoi(value));
    zsock_set_sndtimeo(socket, atoi(value));
    return 0;
  }
  if (streq(name, "linger")) return zsock_set_linger(socket, atoi(value)), 0;
  if (streq(name, "plainServer")) return zsock_set_plain_server(socket, atoi(value)), 0;
  if (streq(name, "curveServer")) return zsock_set_curve_server(socket, atoi(value)), 0;
  size_t size;
  byte *bytes = bytes_of(value, &size);
  if (streq(name, "routingId")) zsock_set_identity(socket, (char *)bytes);
  else if (streq(name, "plainUsername")) zsock_set_plain_username(socket, (char *)bytes);
  else if (streq(name, "plainPassword")) zsock_set_plain_password(socket, (char *)bytes);
  else if (streq(name, "curvePublicKey")) zsock_set_curve_publickey_bin(socket, bytes);
  else if (streq(name, "curveSecretKey")) zsock_set_curve_secretkey_bin(socket, bytes);
  else if (streq(name, "curveServerKey")) zsock_set_curve_serverkey_bin(socket, bytes);
  else return free(bytes), fail(name);
  free(bytes);
  return 0;
}

static int make(int id, const char *type, char *settings) {
  for (int number = 0; number < (int)(sizeof TYPES / sizeof *TYPES); number++) {
    if (!streq(TYPES[number], type)) continue;
    sockets[id] = zsock_new(number);
    zsock_set_rcvtimeo(sockets[id], 20000);
    zsock_set_sndtimeo(sockets[id], 20000);
    for (char *setting; (setting = strsep(&settings, " ")) != NULL;)
      if (*setting != 0 && set_option(sockets[id], setting) != 0) return -1;
    return 0;
  }
  return fail(type);
}

static int send_text(zsock_t *socket, char *text) {
  zmsg_t *message = message_of(text);
  if (message == NULL) return fail("not a message");
  if (zmsg_send(&message, socket) == 0) return 0;
  zmsg_destroy(&message);
  return fail("send");
}

static int receive(zsock_t *socket, bool echo) {
  zmsg_t *message = zmsg_recv(socket);
  if (message == NULL) return fail("receive");
  if (!echo) print_message(message);
  else if (zmsg_send(&message, socket) != 0) fail("send");
  zmsg_destroy(&message);
  return *fault != 0 ? -1 : 0;
}

/** Carries out a command. What it prints comes after "ok", so a command that prints must not fail later: it is read as its error. */
static int run(char *line) {
  char *command = strsep(&line, " ");
  if (line == NULL) return fail("no socket");
  int id = atoi(strsep(&line, " ")) % 256;
  zsock_t *socket = sockets[id];
  if (streq(command, "socket")) {
    char *type = strsep(&line, " ");
    return make(id, type, line);
  }
  if (streq(command, "bind")) {
    if (zsock_bind(socket, "%s", line) < 0) return fail("bind");
    printf(" %s", zsock_endpoint(socket));
    return 0;
  }
  if (streq(command, "connect")) return zsock_connect(socket, "%s", line) == 0 ? 0 : fail("connect");
  if (streq(command, "subscribe")) {
    size_t size;
    byte *topic = bytes_of(line, &size);
    int result = zmq_setsockopt(zsock_resolve(socket), ZMQ_SUBSCRIBE, topic, size);
    free(topic);
    return result == 0 ? 0 : fail("subscribe");
  }
  if (streq(command, "close")) {
    zsock_destroy(&sockets[id]);
    return 0;
  }
  int count = atoi(line);
  if (streq(command, "receive") || streq(command, "echo")) {
    for (int i = 0; i < count; i++)
      if (receive(socket, *command == 'e') != 0) return -1;
    return 0;
  }
  bool asks = streq(command, "ask");
  if (!asks && !streq(command, "send")) return fail("no such command");
  for (char *text; (text = strsep(&line, " ")) != NULL;)
    if (send_text(socket, text) != 0 || (asks && receive(socket, false) != 0)) return -1;
  return 0;
}

int main(void) {
  // zsock_new installs a signal handler otherwise, and SIGTERM would not end us.
  zsys_handler_set(NULL);
  make_tables();
  printf("ready %d.%d.%d\n", CZMQ_VERSION_MAJOR, CZMQ_VERSION_MINOR, CZMQ_VERSION_PATCH);
  fflush(stdout);
  char *line = NULL, *answer = NULL;
  size_t size = 0, length = 0;
  FILE *const console = stdout;
  while (getline(&line, &size, stdin) > 0) {
    line[strcspn(line, "\n")] = 0;
    *fault = 0;
    stdout = open_memstream(&answer, &length);
    int result = run(line);
    fclose(stdout);
    stdout = console;
    if (result == 0) printf("ok%s\n", answer);
    else printf("error %s\n", fault);
    fflush(stdout);
    free(answer);
  }
  _exit(0);
}
