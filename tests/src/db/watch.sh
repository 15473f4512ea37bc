# Runs PostgreSQL for as long as its owner lives: the owner holds the other end of standard input and never writes.
# Arguments: the private directory, then the server's command line. The server's log goes to standard error.
directory=$1
shift
"$@" </dev/null &
server=$!
# From here only the server holds the pipe of the log, so that its end is seen when the server ends.
exec 2>/dev/null
trap '' INT TERM HUP
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf -- "$directory"
