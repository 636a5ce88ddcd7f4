#!/usr/bin/env bash
# demo.sh - the main job, on a simulated car: game pages -> telemetry_bridge -> gRPC -> acq serve -> recording -> Parquet ->
# table, CSV, picture. About a minute, since the car drives in real time.
set -euo pipefail
cd "$(dirname "$0")/.."
laps=${DEMO_LAPS:-2}
out=build/demo/$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$out"
export ACQ_PAGES=demo$$ # pages of our own: a game that runs on this machine is left alone

pids=()
clean_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -f /dev/shm/"$ACQ_PAGES"_*
}
trap clean_up EXIT
trap 'exit 130' INT

say() { printf '\n== %s\n' "$*"; }

say "1. The server takes telemetry and records it: acq serve"
build/acq serve --listen 127.0.0.1:0 --data "$out/server" 2>"$out/serve.log" &
server=$!
pids+=("$server")
port=
for _ in $(seq 100); do
    port=$(sed -n 's/.*listening on .*:\([0-9]*\),.*/\1/p' "$out/serve.log")
    [ -n "$port" ] && break
    sleep 0.1
done
[ -n "$port" ] || { cat "$out/serve.log" >&2; exit 1; }
echo "listening on 127.0.0.1:$port"

say "2. The simulated car writes the game's shared memory, 333 steps a second: acq sim --laps $laps"
say "3. The bridge samples every step, records it and streams it by gRPC: telemetry_bridge 127.0.0.1:$port"
(sleep 1 && exec build/acq sim --laps "$laps" --quiet >"$out/sim.log" 2>&1) &
pids+=($!)
lossy=0
build/telemetry_bridge "127.0.0.1:$port" --record "$out/bridge" --once >"$out/bridge.log" || lossy=$?
[ "$lossy" = 0 ] || [ "$lossy" = 3 ] || exit "$lossy"
kill -INT "$server"
wait "$server" || true
pids=()
cat "$out/bridge.log"
cat "$out/sim.log"

recording=$(ls "$out"/server/*.pb.gz)
parquet=$out/drive.parquet
say "4. The server's recording becomes Parquet: acq convert"
build/acq convert "$recording" "$parquet"

say "5. First rows and statistics, and everything as CSV: acq view"
build/acq view "$parquet" -n 5 -c t_s speed_kmh gear rpm gas brake steer lap i_last_time_s --to-csv "$out/drive.csv"

say "6. A picture: acq plot"
build/acq plot "$recording" -o "$out/drive.png"

say "What came of it"
lines() { sed -n "$1" "$2"; }
lines 's/^Sampled \(.*\)/bridge      \1/p' "$out/bridge.log"
lines 's/^Sent \([0-9]*\) frames.*, \([0-9]*\) acked, \([0-9]*\) not acked/stream      \1 frames sent, \2 acked, \3 lost/p' "$out/bridge.log"
# column 9 of the CSV is the last lap's time: each new value is a lap
echo "laps        $(awk -F, 'NR > 1 && $9 > 0 && $9 != last { printf "%s%d:%06.3f", sep, int($9 / 60), $9 % 60; sep = ", "; last = $9 }' "$out/drive.csv")"
echo "recording   $recording"
echo "Parquet     $parquet"
echo "CSV         $out/drive.csv"
echo "picture     $out/drive.png"
