#!/bin/sh
# Runs a command that sees SOCKET as its /dev/log, whatever the machine has there.
#   dev_log.sh SOCKET COMMAND...
# In a mount namespace of its own it gets a small /dev with a link to the socket; nothing outside
# changes. Where namespaces are not allowed (a container), and only if the machine has no /dev/log,
# a link is made in /dev and taken away again.
set -u
socket=$1
shift

if [ "${DEV_LOG_INSIDE-}" = yes ]; then
  old=$(mktemp -d "$(dirname "$socket")/dev.XXXXXX")
  mount --rbind /dev "$old" && mount -t tmpfs -o mode=755 tmpfs /dev || exit 125
  for device in null zero full random urandom; do
    : >"/dev/$device" && mount --bind "$old/$device" "/dev/$device" || exit 125
  done
  ln -s /proc/self/fd /dev/fd && ln -s "$socket" /dev/log || exit 125
  exec "$@"
fi

export DEV_LOG_INSIDE=yes
for namespace in "--mount" "--mount --map-root-user"; do
  if unshare $namespace true 2>/dev/null; then
    exec unshare $namespace "$0" "$socket" "$@"
  fi
done
if [ -e /dev/log ] || ! ln -s "$socket" /dev/log; then
  echo "dev_log.sh: needs a mount namespace of its own (root, or user namespaces), or a /dev without log" >&2
  exit 125
fi
trap 'rm -f /dev/log' EXIT
"$@"
