#!/usr/bin/env bash
# Provides what the interop and browser tests talk to: libzmq with its headers, a C compiler, Debian's Python with pyzmq,
# Chromium, and the web server Mongrel2.
# Installs what is missing where that can be done without asking (Debian, root); else says by name what is missing. It
# never fails: a test that lacks its peer reports that itself.
set -u

missing() {
  command -v gcc >/dev/null || echo gcc
  command -v pkg-config >/dev/null || echo pkg-config
  # Multicast is tested between hosts made of network namespaces.
  command -v ip >/dev/null || echo iproute2
  pkg-config --exists libzmq 2>/dev/null || echo libzmq3-dev
  command -v microsocks >/dev/null || echo microsocks
  [ -x /usr/sbin/danted ] || echo dante-server
  # By its full path: a Python that comes first in PATH does not see Debian's packages.
  /usr/bin/python3 -c 'import zmq' 2>/dev/null || echo python3-zmq
  command -v chromium >/dev/null || echo chromium
  { command -v mongrel2 && command -v m2sh; } >/dev/null || echo mongrel2-core
}

packages=$(missing)
[ -z "$packages" ] && exit 0

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "interop peers: installing" $packages
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # libc6-dev: gcc alone, without recommended packages, has no headers.
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends libc6-dev $packages; } >"$log" 2>&1 </dev/null ||
    tail -n 5 "$log"
  rm -f "$log"
  packages=$(missing)
fi

[ -z "$packages" ] || echo "interop peers: missing" $packages
exit 0
