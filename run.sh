#!/bin/sh
# The container's entry: no argument starts the service; flags are those of `python -m kometa_ai`, anything else is a
# command to be run instead. Settings are not its business: the program reads the environment and the add-on's options.
set -eu

# Told to stop before there is anything to stop: process 1 would not hear it, and any other would end with an error.
trap 'exit 0' TERM INT

healthy=/tmp/kometa-ai.port
say() { printf 'kometa-ai: %s\n' "$1" >&2; }

case ${1:-} in
  '' | -*) ;;
  *) exec "$@" ;;
esac

# A container that is started again finds the file of its former life.
rm -f "$healthy" 2>/dev/null || true
if [ $# -eq 0 ]; then
  export HEALTH_FILE="$healthy"
else
  # A single command listens nowhere, and is healthy as long as it lives.
  { echo 0 >"$healthy"; } 2>/dev/null || true
fi

# As an add-on we stay root: the Supervisor gives us /data, and Kometa's files in /homeassistant and /share, as root's. What
# root may do there is limited by apparmor.txt.
if [ ! -f /data/options.json ] && [ "$(id -u)" = 0 ]; then
  user=${PUID:-1000} group=${PGID:-1000}
  case $user$group in
    *[!0-9]*)
      say "PUID and PGID must be numbers (they are '${PUID:-}' and '${PGID:-}'): take those that \`id\` shows on the host."
      exit 2
      ;;
  esac
  # Only our own two folders, and of them only what is not right yet: what was written before PUID was set, or by 0.5.x.
  find /app/state /app/logs -xdev \( ! -uid "$user" -o ! -gid "$group" \) -exec chown -h "$user:$group" {} + ||
    say "/app/state or /app/logs could not be given to the user $user:$group (see above)."
fi

# `python` is container/python: it drops to that user, and becomes the program, which so gets the signals itself.
exec /opt/kometa-ai/python -m kometa_ai "$@"
