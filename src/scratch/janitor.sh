# Waits until the process at the other end of standard input is gone, then stops its PostgreSQL servers and
# removes its temporary directory, $1. Reads one line for each server that starts or stops: "started PID",
# "stopped PID". The process numbers come from the parent, never from a file that the server's user can write.
pids=
while read -r change pid; do
    kept=
    for p in $pids; do
        [ "$p" = "$pid" ] || kept="$kept $p"
    done
    pids=$kept
    [ "$change" = stopped ] || pids="$pids $pid"
done
for p in $pids; do
    kill -INT "$p"
done
for p in $pids; do
    tries=0
    while kill -0 "$p" && [ "$tries" -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    # Still there after five seconds; SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along.
    if kill -QUIT "$p"; then
        sleep 1
    fi
done
rm -rf "$1"
