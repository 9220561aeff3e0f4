#!/usr/bin/env bash
# Provides what `npm run test:languages` talks to: ZeroMQ in other languages, from the registries of Debian, Maven, PyPI, crates.io
# and Go. Installs what can be installed without asking (Debian packages only as root). It never fails: what is missing is
# named, here and in the matrix. The versions that are not Debian's stand in test/languages/ (kinds.ts, peers/rust, peers/go).
set -u
cd "$(dirname "$0")/.."

bash tools/install-peers.sh

packages="libjeromq-java cppzmq-dev libczmq-dev ruby ruby-ffi-rzmq libzmq-java libzmq-jni libzmq-ffi-perl php-cli php-zmq g++"
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  lacking=$(for each in $packages; do dpkg -s "$each" >/dev/null 2>&1 || echo "$each"; done)
  if [ -n "$lacking" ]; then
    echo "languages: installing" $lacking
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # One by one: a package that this Debian does not have must not keep the others away.
    apt-get update -qq >"$log" 2>&1 </dev/null
    for each in $lacking; do
      apt-get install -y -qq --no-install-recommends "$each" >"$log" 2>&1 </dev/null || echo "languages: missing $each: $(tail -n 1 "$log")"
    done
    rm -f "$log"
  fi
else
  echo "languages: not Debian, or not root: what is not here already is missing ($packages)"
fi

# JeroMQ, newest. The version stands in test/languages/kinds.ts.
jeromq=$(sed -n 's/^export const JEROMQ = "\(.*\)";/\1/p' test/languages/kinds.ts)
if [ ! -f "$HOME/.m2/repository/org/zeromq/jeromq/$jeromq/jeromq-$jeromq.jar" ]; then
  if command -v mvn >/dev/null; then
    mvn -q dependency:get "-Dartifact=org.zeromq:jeromq:$jeromq" || echo "languages: missing JeroMQ $jeromq (Maven)"
  else
    echo "languages: missing mvn, for JeroMQ $jeromq"
  fi
fi

# pyzmq, newest, in an environment of its own; the first Python that can make one.
environment=build/languages/python
if ! "$environment/bin/python" -c 'import zmq' 2>/dev/null; then
  for python in python3 /usr/bin/python3; do
    rm -rf "$environment"
    command -v "$python" >/dev/null && "$python" -m venv "$environment" >/dev/null 2>&1 && break
  done
  "$environment/bin/python" -m pip install -q --disable-pip-version-check pyzmq || echo "languages: missing pyzmq (PyPI)"
fi
exit 0
