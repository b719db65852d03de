# Runs a shared server for as long as anyone holds the pipe at the standard input open for writing; then the server is
# killed, for it may be stuck, and the folder that this works in goes. Whoever joins writes a byte.
redis-server redis.conf </dev/null >said 2>&1 &
server=$!
# Between two tests there may be no one for a moment: it ends when no one has come for a second.
while [ -n "$(cat)" ]; do sleep 1; done
# Without the pipe's name no one joins any more. Whoever has joined by now is waited for.
rm -f users
cat >/dev/null
kill -9 "$server"
wait "$server"
cd /
rm -rf "$1"
