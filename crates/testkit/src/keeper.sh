# Runs a server for as long as a process uses it, and leaves nothing behind.
#
#     sh keeper.sh HOME GRACE COMMAND...
#
# A user of the server holds a shared lock on HOME/users. The system lets go of it however the user ends, kill -9
# included, so an exclusive lock is to be had exactly when nobody is left. After GRACE seconds of that, or at once if
# HOME/quit exists, the server is stopped and HOME is removed. A server that has died is not started again, but its
# HOME stays as long as somebody may want to look at it, or start another one on it.
home=$1
grace=$2
shift 2

"$@" </dev/null >>"$home/log" 2>&1 &
server=$!
alive=yes
idle=0

# Opened after the server was started, which would inherit the lock otherwise.
exec 9<"$home/users"
while sleep 0.5; do
    kill -0 "$server" 2>/dev/null || alive=no
    if flock --nonblock 9; then
        idle=$((idle + 1))
        if [ -e "$home/quit" ] || [ "$idle" -gt $((grace * 2)) ]; then
            break
        fi
        flock --unlock 9
    else
        idle=0
    fi
done

# A fast shutdown, which without fsync is one; where it hangs, an immediate one.
if [ "$alive" = yes ] && kill -INT "$server" 2>/dev/null; then
    (sleep 10 && kill -QUIT "$server") 2>/dev/null &
    impatience=$!
    wait "$server"
    kill "$impatience" 2>/dev/null
fi
rm -rf "$home"
