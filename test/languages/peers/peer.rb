# A peer over ffi-rzmq, Ruby's binding of libzmq; ../../interop/peers/README.md says what it understands.

require "ffi-rzmq"
require "zlib"

PERIOD = 65_521
SHOWN = 32
NUMBERS = { "linger" => ZMQ::LINGER, "plainServer" => 44, "curveServer" => 47 }.freeze
BYTES = {
  "routingId" => ZMQ::IDENTITY, "plainUsername" => 45, "plainPassword" => 46,
  "curvePublicKey" => 48, "curveSecretKey" => 49, "curveServerKey" => 50
}.freeze

x = 1
PATTERN = Array.new(PERIOD) do
  x = (x * 1_664_525 + 1_013_904_223) & 0xffffffff
  x >> 24
end.pack("C*").freeze

CONTEXT = ZMQ::Context.create(1)
SOCKETS = {}

def pattern(size, seed)
  at = seed % PERIOD
  (PATTERN * ((at + size) / PERIOD + 1)).byteslice(at, size)
end

def bytes(text)
  [text[1..]].pack("H*")
end

def frames_of(text)
  text.split(",").flat_map do |frame|
    next [bytes(frame)] if frame.start_with?("x")

    size, seed, count = frame[1..].split(/[:*]/).map(&:to_i)
    Array.new(count || 1) { |i| pattern(size, seed + i) }
  end
end

def describe(frames)
  frames.map { |frame| frame.bytesize <= SHOWN ? "x#{frame.unpack1("H*")}" : format("c%d:%08x", frame.bytesize, Zlib.crc32(frame)) }.join(",")
end

def check(result)
  raise ZMQ::Util.error_string unless ZMQ::Util.resultcode_ok?(result)
end

def transmit(socket, frames)
  check socket.send_strings(frames)
end

def receive(socket)
  frames = []
  check socket.recv_strings(frames)
  frames
end

# ffi-rzmq knows only the options of its time; the others go to libzmq itself.
def set(socket, option, value)
  if value.is_a?(String)
    memory = FFI::MemoryPointer.from_string(value)
    check LibZMQ.zmq_setsockopt(socket.socket, option, memory, value.bytesize)
  else
    memory = FFI::MemoryPointer.new(:int).write_int(value)
    check LibZMQ.zmq_setsockopt(socket.socket, option, memory, memory.size)
  end
end

def make(type, options)
  socket = CONTEXT.socket(ZMQ.const_get(type))
  ["timeout=20000", *options].each do |option|
    name, value = option.split("=", 2)
    if name == "timeout"
      [ZMQ::RCVTIMEO, ZMQ::SNDTIMEO].each { |each| set(socket, each, value.to_i) }
    elsif BYTES.key?(name)
      set(socket, BYTES[name], bytes(value))
    else
      set(socket, NUMBERS.fetch(name), value.to_i)
    end
  end
  socket
end

def run(command, id, *words)
  socket = SOCKETS[id]
  case command
  when "socket" then SOCKETS[id] = make(*[words.shift, words]) and []
  when "bind" then check(socket.bind(words[0])) || [words[0]]
  when "connect" then check(socket.connect(words[0])) || []
  when "subscribe" then check(socket.setsockopt(ZMQ::SUBSCRIBE, bytes(words[0]))) || []
  when "send" then words.each { |message| transmit(socket, frames_of(message)) } && []
  when "receive" then Array.new(words[0].to_i) { describe(receive(socket)) }
  when "ask" then words.map { |message| transmit(socket, frames_of(message)) || describe(receive(socket)) }
  when "echo" then words[0].to_i.times { transmit(socket, receive(socket)) } && []
  when "close" then SOCKETS.delete(id).close && []
  else raise "this peer has no command #{command}"
  end
end

$stdout.sync = true
puts "ready #{LibZMQ.version.values.join(".")}"
$stdin.each_line do |line|
  puts ["ok", *run(*line.split)].join(" ")
rescue StandardError => e
  puts "error #{e.class}: #{e.message}".tr("\n", " ")
end
exit!(0)
