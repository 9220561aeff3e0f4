// A peer over cppzmq, the C++ binding of libzmq; ../../interop/peers/README.md says what it understands.

#include <unistd.h>

#include <array>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <zmq.hpp>
#include <zmq_addon.hpp>

using Frames = std::vector<std::string>;

static const size_t PERIOD = 65521, SHOWN = 32;
static std::string block(PERIOD, '\0');
static std::array<uint32_t, 256> crc_table;
static zmq::context_t context(1);
static std::map<std::string, zmq::socket_t> sockets;

static const std::map<std::string, zmq::socket_type> TYPES = {
    {"PAIR", zmq::socket_type::pair}, {"PUB", zmq::socket_type::pub}, {"SUB", zmq::socket_type::sub},
    {"REQ", zmq::socket_type::req}, {"REP", zmq::socket_type::rep}, {"DEALER", zmq::socket_type::dealer},
    {"ROUTER", zmq::socket_type::router}, {"PULL", zmq::socket_type::pull}, {"PUSH", zmq::socket_type::push},
    {"XPUB", zmq::socket_type::xpub}, {"XSUB", zmq::socket_type::xsub}};

static void make_tables() {
  uint32_t x = 1;
  for (auto &octet : block) {
    x = x * 1664525 + 1013904223;
    octet = static_cast<char>(x >> 24);
  }
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    crc_table[i] = value;
  }
}

static uint32_t crc32(const std::string &bytes) {
  uint32_t crc = 0xffffffff;
  for (unsigned char octet : bytes) crc = crc_table[(crc ^ octet) & 0xff] ^ (crc >> 8);
  return ~crc;
}

static std::string pattern(size_t size, size_t seed) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i++) bytes[i] = block[(seed + i) % PERIOD];
  return bytes;
}

static std::string bytes_of(const std::string &text) {
  std::string bytes;
  for (size_t i = 1; i + 1 < text.size(); i += 2) bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

static Frames frames_of(const std::string &text) {
  Frames frames;
  std::istringstream parts(text);
  for (std::string frame; std::getline(parts, frame, ',');) {
    if (frame[0] == 'x') {
      frames.push_back(bytes_of(frame));
      continue;
    }
    unsigned long size = 0, seed = 0, count = 1;
    if (std::sscanf(frame.c_str(), "p%lu:%lu*%lu", &size, &seed, &count) < 2) throw std::runtime_error("not a frame: " + frame);
    for (size_t i = 0; i < count; i++) frames.push_back(pattern(size, seed + i));
  }
  return frames;
}

static std::string describe(const Frames &frames) {
  std::string text;
  char buffer[64];
  for (const auto &frame : frames) {
    if (!text.empty()) text += ',';
    if (frame.size() <= SHOWN) {
      text += 'x';
      for (unsigned char octet : frame) text.append(buffer, std::snprintf(buffer, sizeof buffer, "%02x", octet));
    } else {
      text.append(buffer, std::snprintf(buffer, sizeof buffer, "c%zu:%08x", frame.size(), crc32(frame)));
    }
  }
  return text;
}

static void send(zmq::socket_t &socket, const Frames &frames) {
  std::vector<zmq::const_buffer> buffers;
  for (const auto &frame : frames) buffers.push_back(zmq::buffer(frame));
  if (!zmq::send_multipart(socket, buffers)) throw std::runtime_error("send: no room in time");
}

static Frames receive(zmq::socket_t &socket) {
  std::vector<zmq::message_t> messages;
  if (!zmq::recv_multipart(socket, std::back_inserter(messages))) throw std::runtime_error("receive: nothing came in time");
  Frames frames;
  for (auto &message : messages) frames.push_back(message.to_string());
  return frames;
}

static void set(zmq::socket_t &socket, const std::string &setting) {
  const auto equals = setting.find('=');
  const auto name = setting.substr(0, equals), value = setting.substr(equals + 1);
  if (name == "timeout") {
    socket.set(zmq::sockopt::rcvtimeo, std::stoi(value));
    socket.set(zmq::sockopt::sndtimeo, std::stoi(value));
  } else if (name == "linger") socket.set(zmq::sockopt::linger, std::stoi(value));
  else if (name == "routingId") socket.set(zmq::sockopt::routing_id, bytes_of(value));
  else if (name == "plainServer") socket.set(zmq::sockopt::plain_server, value == "1");
  else if (name == "plainUsername") socket.set(zmq::sockopt::plain_username, bytes_of(value));
  else if (name == "plainPassword") socket.set(zmq::sockopt::plain_password, bytes_of(value));
  else if (name == "curveServer") socket.set(zmq::sockopt::curve_server, value == "1");
  else if (name == "curvePublicKey") socket.set(zmq::sockopt::curve_publickey, zmq::buffer(bytes_of(value)));
  else if (name == "curveSecretKey") socket.set(zmq::sockopt::curve_secretkey, zmq::buffer(bytes_of(value)));
  else if (name == "curveServerKey") socket.set(zmq::sockopt::curve_serverkey, zmq::buffer(bytes_of(value)));
  else throw std::runtime_error("this peer has no option " + name);
}

static std::string run(const std::vector<std::string> &words) {
  const auto &command = words.at(0), &id = words.at(1);
  std::string results;
  if (command == "socket") {
    auto &socket = sockets[id] = zmq::socket_t(context, TYPES.at(words.at(2)));
    set(socket, "timeout=20000");
    for (size_t i = 3; i < words.size(); i++) set(socket, words[i]);
    return results;
  }
  auto &socket = sockets.at(id);
  const std::vector<std::string> rest(words.begin() + 2, words.end());
  if (command == "bind") {
    socket.bind(rest.at(0));
    results = " " + socket.get(zmq::sockopt::last_endpoint);
  } else if (command == "connect") socket.connect(rest.at(0));
  else if (command == "subscribe") socket.set(zmq::sockopt::subscribe, bytes_of(rest.at(0)));
  else if (command == "send") for (const auto &message : rest) send(socket, frames_of(message));
  else if (command == "receive") for (int i = std::stoi(rest.at(0)); i > 0; i--) results += " " + describe(receive(socket));
  else if (command == "ask") {
    for (const auto &message : rest) {
      send(socket, frames_of(message));
      results += " " + describe(receive(socket));
    }
  } else if (command == "echo") for (int i = std::stoi(rest.at(0)); i > 0; i--) send(socket, receive(socket));
  else if (command == "close") sockets.erase(id);
  else throw std::runtime_error("this peer has no command " + command);
  return results;
}

int main() {
  make_tables();
  const auto [major, minor, patch] = zmq::version();
  std::cout << "ready " << major << '.' << minor << '.' << patch << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    try {
      const auto results = run(words);
      std::cout << "ok" << results << std::endl;
    } catch (const std::exception &error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
  _exit(0);
}
