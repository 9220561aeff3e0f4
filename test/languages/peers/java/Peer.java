// A peer over org.zeromq: JeroMQ, new and old, and jzmq have the same classes. ../../../interop/peers/README.md says what it
// understands; what only some of them have (security) is looked for by name.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.zeromq.ZMQ;

public class Peer {
  static final int PERIOD = 65521;
  static final int SHOWN = 32;
  static final byte[] PATTERN = makePattern();
  static final ZMQ.Context CONTEXT = ZMQ.context(1);
  static final Map<String, ZMQ.Socket> SOCKETS = new HashMap<>();

  static byte[] makePattern() {
    byte[] block = new byte[PERIOD];
    int x = 1;
    for (int i = 0; i < PERIOD; i++) {
      x = x * 1664525 + 1013904223;
      block[i] = (byte) (x >>> 24);
    }
    return block;
  }

  static byte[] pattern(int size, int seed) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) bytes[i] = PATTERN[(seed + i) % PERIOD];
    return bytes;
  }

  static byte[] fromHex(String hex) {
    byte[] bytes = new byte[hex.length() / 2];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    return bytes;
  }

  static List<byte[]> framesOf(String text) {
    List<byte[]> frames = new ArrayList<>();
    for (String frame : text.split(",")) {
      if (frame.charAt(0) == 'x') {
        frames.add(fromHex(frame.substring(1)));
        continue;
      }
      String[] parts = frame.substring(1).split("[:*]");
      int count = parts.length > 2 ? Integer.parseInt(parts[2]) : 1;
      for (int i = 0; i < count; i++) frames.add(pattern(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]) + i));
    }
    return frames;
  }

  static String describe(List<byte[]> frames) {
    List<String> texts = new ArrayList<>();
    for (byte[] frame : frames) {
      StringBuilder text = new StringBuilder();
      if (frame.length <= SHOWN) {
        text.append('x');
        for (byte octet : frame) text.append(String.format("%02x", octet));
      } else {
        CRC32 crc = new CRC32();
        crc.update(frame, 0, frame.length);
        text.append(String.format("c%d:%08x", frame.length, crc.getValue()));
      }
      texts.add(text.toString());
    }
    return String.join(",", texts);
  }

  static int typeOf(String name) throws Exception {
    return (Integer) ZMQ.class.getField(name).get(null);
  }

  static void send(ZMQ.Socket socket, List<byte[]> frames) {
    for (int i = 0; i < frames.size(); i++) {
      if (!socket.send(frames.get(i), i + 1 < frames.size() ? ZMQ.SNDMORE : 0)) throw new IllegalStateException("send: no room in time");
    }
  }

  static List<byte[]> receive(ZMQ.Socket socket) {
    List<byte[]> frames = new ArrayList<>();
    do {
      byte[] frame = socket.recv(0);
      if (frame == null) throw new IllegalStateException("receive: nothing came in time");
      frames.add(frame);
    } while (socket.hasReceiveMore());
    return frames;
  }

  /** Calls the first of these methods that the class has and that takes the value. */
  static void set(ZMQ.Socket socket, Object value, String... names) throws Exception {
    for (String name : names) {
      for (Method method : ZMQ.Socket.class.getMethods()) {
        if (!method.getName().equals(name) || method.getParameterCount() != 1) continue;
        Class<?> type = method.getParameterTypes()[0];
        boolean fits = type == boolean.class ? value instanceof Boolean : type.isInstance(value);
        if (!fits) continue;
        method.invoke(socket, value);
        return;
      }
    }
    throw new UnsupportedOperationException("this binding has no " + names[0]);
  }

  static void option(ZMQ.Socket socket, String name, String value) throws Exception {
    switch (name) {
      case "timeout":
        socket.setReceiveTimeOut(Integer.parseInt(value));
        socket.setSendTimeOut(Integer.parseInt(value));
        break;
      case "linger": socket.setLinger(Integer.parseInt(value)); break;
      case "routingId": socket.setIdentity(fromHex(value.substring(1))); break;
      case "plainServer": set(socket, value.equals("1"), "setPlainServer", "setAsServerPlain"); break;
      case "plainUsername": set(socket, new String(fromHex(value.substring(1))), "setPlainUsername"); break;
      case "plainPassword": set(socket, new String(fromHex(value.substring(1))), "setPlainPassword"); break;
      case "curveServer": set(socket, value.equals("1"), "setCurveServer", "setAsServerCurve"); break;
      case "curvePublicKey": set(socket, fromHex(value.substring(1)), "setCurvePublicKey"); break;
      case "curveSecretKey": set(socket, fromHex(value.substring(1)), "setCurveSecretKey"); break;
      case "curveServerKey": set(socket, fromHex(value.substring(1)), "setCurveServerKey"); break;
      default: throw new UnsupportedOperationException("this peer has no option " + name);
    }
  }

  static String run(String[] words) throws Exception {
    ZMQ.Socket socket = SOCKETS.get(words[1]);
    List<String> results = new ArrayList<>();
    switch (words[0]) {
      case "socket":
        socket = CONTEXT.socket(typeOf(words[2]));
        SOCKETS.put(words[1], socket);
        option(socket, "timeout", "20000");
        for (int i = 3; i < words.length; i++) option(socket, words[i].substring(0, words[i].indexOf('=')), words[i].substring(words[i].indexOf('=') + 1));
        break;
      case "bind":
        socket.bind(words[2]);
        results.add(words[2]);
        break;
      case "connect": socket.connect(words[2]); break;
      case "subscribe": socket.subscribe(fromHex(words[2].substring(1))); break;
      case "send":
        for (int i = 2; i < words.length; i++) send(socket, framesOf(words[i]));
        break;
      case "receive":
        for (int i = Integer.parseInt(words[2]); i > 0; i--) results.add(describe(receive(socket)));
        break;
      case "ask":
        for (int i = 2; i < words.length; i++) {
          send(socket, framesOf(words[i]));
          results.add(describe(receive(socket)));
        }
        break;
      case "echo":
        for (int i = Integer.parseInt(words[2]); i > 0; i--) send(socket, receive(socket));
        break;
      case "close":
        socket.close();
        SOCKETS.remove(words[1]);
        break;
      default: throw new UnsupportedOperationException("this peer has no command " + words[0]);
    }
    return String.join(" ", results);
  }

  public static void main(String[] arguments) throws Exception {
    System.out.println("ready " + arguments[0]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = ("ok " + run(line.split(" "))).trim();
      } catch (Throwable error) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        answer = ("error " + cause).replace('\n', ' ');
      }
      System.out.println(answer);
    }
    Runtime.getRuntime().halt(0);
  }
}
