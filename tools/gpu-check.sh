#!/bin/sh
# Checks Keisei on a machine with an NVIDIA GPU; needs nothing but the portable bundle, no network and no Java.
#
#   gpu-check.sh correctness|speed|soak [bundle]
#
#   correctness   what doctor finds, the self-test, compute-sanitizer on small shapes
#   speed         training steps and inference against PyTorch, whole loops, the profile of one update
#   soak          200 updates of 9x256 in float16 without NaN, leak or growth
#
# bundle: target/keisei-bundle.tar.xz (the default), or the folder it was unpacked to. Each check ends within nine
# minutes, prints as it goes and a table last. Exit code 0: everything that was run is good; 1: something is not.
# KEISEI_CHECK_SECONDS (default 520) is how long a check may take; KEISEI_CHECK_DIR keeps logs (default: a new folder).
# KEISEI_CHECK_TINY=1 makes all sizes tiny, to try the script itself out.
set -eu
usage() {
  sed -n '2,16p' "$0" | sed 's/^# \{0,1\}//'
  exit 2
}
mode=${1-}
case $mode in correctness | speed | soak) ;; *) usage ;; esac
here=$(cd "$(dirname "$0")" && pwd)
begun=$(date +%s)
limit=${KEISEI_CHECK_SECONDS-520}
tiny=${KEISEI_CHECK_TINY-}
device=${KEISEI_CHECK_DEVICE-cuda}
logs=${KEISEI_CHECK_DIR-$(mktemp -d "${TMPDIR:-/tmp}/keisei-check.XXXXXX")}
mkdir -p "$logs"
table=$logs/table.txt
: >"$table"
failures=0

say() { printf '%s\n' "$*"; }
elapsed() { echo $(($(date +%s) - begun)); }
left() { echo $((limit - $(date +%s) + begun)); }
heading() { say "" "== $* (after $(elapsed) s)"; }
row() { # result, what, figures
  printf '%-7s %-44s %s\n' "$1" "$2" "$3" >>"$table"
  [ "$1" != FAIL ] || failures=$((failures + 1))
}
# Runs a command for the given seconds at most (less when the check itself runs out), into a log and to the screen.
limited() { # log, seconds, command...
  log=$1
  seconds=$2
  shift 2
  [ "$(left)" -gt "$seconds" ] || seconds=$(left)
  if [ "$seconds" -lt 5 ]; then
    say "no time left for: $*" | tee "$log"
    return 124
  fi
  code=$logs/code
  { timeout -k 10 "$seconds" "$@" 2>&1 && echo 0 >"$code" || echo $? >"$code"; } | tee "$log"
  return "$(cat "$code")"
}

find_bundle() {
  bundle=${1-}
  if [ -z "$bundle" ]; then
    if [ -x "$here/../keisei" ] && [ -d "$here/../runtime" ]; then
      bundle=$here/..
    else
      bundle=$here/../target/keisei-bundle.tar.xz
    fi
  fi
  if [ -f "$bundle" ]; then
    room=${TMPDIR:-/tmp}/keisei-bundle.$(id -u).$(cksum <"$bundle" | cut -d' ' -f1)
    if [ ! -x "$room/bundle/keisei" ]; then
      say "unpacking $bundle to $room"
      rm -rf "$room"
      mkdir -p "$room"
      if command -v xz >/dev/null; then
        tar -C "$room" -xf "$bundle"
      elif command -v python3 >/dev/null; then
        python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$bundle" "$room"
      else
        say "gpu-check: neither xz nor python3 is there to unpack $bundle"
        exit 1
      fi
    fi
    bundle=$room/bundle
  fi
  if [ ! -x "$bundle/keisei" ] || [ ! -d "$bundle/runtime" ]; then
    say "gpu-check: $bundle is no bundle; ./mvnw -Pbundle package -DskipTests makes target/keisei-bundle.tar.xz"
    exit 1
  fi
  bundle=$(cd "$bundle" && pwd)
  keisei=$bundle/keisei
}

usable() { "$keisei" doctor >"$logs/doctor.txt" 2>&1 && grep -q '^Training *on the GPU' "$logs/doctor.txt"; }

# Keisei looks for the libraries by itself; where it finds none, the python3 that has them is asked.
find_libraries() {
  usable && return
  if [ -z "${KEISEI_CUDA_PATH-}" ] && command -v python3 >/dev/null; then
    folder=$(python3 -c 'import nvidia; print(":".join(nvidia.__path__))' 2>/dev/null || true)
    if [ -n "$folder" ]; then
      KEISEI_CUDA_PATH=$folder
      export KEISEI_CUDA_PATH
      say "libraries: Keisei found none by itself; trying KEISEI_CUDA_PATH=$folder"
      usable && return
    fi
  fi
  cat "$logs/doctor.txt"
  say "gpu-check: Keisei cannot use a GPU here, see above"
  exit 1
}

gpu_memory() { nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2>/dev/null | head -n 1 || true; }

# --- correctness ---------------------------------------------------------------------------------------------------

find_sanitizer() {
  command -v compute-sanitizer 2>/dev/null && return
  for candidate in /usr/local/cuda/bin /usr/local/cuda-*/bin /opt/nvidia/*/bin; do
    [ -x "$candidate/compute-sanitizer" ] && echo "$candidate/compute-sanitizer" && return
  done
  return 0
}

sanitize() { # sanitizer, tool, cases
  log=$logs/$2.txt
  heading "compute-sanitizer $2: selftest --match $3"
  result=0
  limited "$log" 100 "$1" --tool "$2" --target-processes all --error-exitcode 9 --print-limit 10 \
    "$keisei" selftest --device "$device" --match "$3" || result=$?
  errors=$(sed -n 's/.*ERROR SUMMARY: \([0-9]*\) error.*/\1/p' "$log" | tail -n 1)
  hazards=$(sed -n 's/.*RACECHECK SUMMARY: \([0-9]*\) hazard.*/\1/p' "$log" | tail -n 1)
  found=${errors:-$hazards}
  if grep -qiE 'device not supported|not supported on this|failed to (initialize|inject)' "$log"; then
    row skip "compute-sanitizer $2" "this machine does not support it: $(grep -iE 'not supported|failed to' "$log" | head -n 1 | cut -c1-60)"
  elif [ "$result" = 124 ]; then
    row skip "compute-sanitizer $2" "not finished in its time; $(grep -c '^ok ' "$log" || true) cases were good until then"
  elif [ "$result" = 0 ] && [ "${found:-none}" = 0 ]; then
    row ok "compute-sanitizer $2" "$(grep -c '^ok ' "$log" || true) cases, nothing found"
  else
    row FAIL "compute-sanitizer $2" "exit code $result, ${found:-no} findings counted; $log"
  fi
}

correctness() {
  heading "doctor"
  cat "$logs/doctor.txt"
  row ok doctor "$(sed -n 's/^GPU  *//p' "$logs/doctor.txt" | head -n 1)"

  heading "selftest"
  pattern=
  [ -z "$tiny" ] || pattern=relu
  result=0
  limited "$logs/selftest.txt" 330 "$keisei" selftest --device "$device" --match "$pattern" || result=$?
  good=$(grep -c '^ok ' "$logs/selftest.txt" || true)
  bad=$(grep -c '^FAIL ' "$logs/selftest.txt" || true)
  if [ "$result" = 124 ]; then
    row FAIL selftest "stopped after its time with $good good, $bad failed cases; the rest did not run"
  elif [ "$result" = 0 ]; then
    row ok selftest "$(tail -n 1 "$logs/selftest.txt")"
  else
    row FAIL selftest "$(tail -n 1 "$logs/selftest.txt")"
    grep '^FAIL ' "$logs/selftest.txt" | cut -c1-150 | head -n 10 >>"$table" || true
  fi

  sanitizer=$(find_sanitizer)
  if [ -z "$sanitizer" ]; then
    row skip "compute-sanitizer" "not installed here (it comes with the CUDA toolkit)"
  else
    sanitize "$sanitizer" memcheck tower_d2_w16_se
    sanitize "$sanitizer" racecheck tower_d2_w16_se
  fi
}

# --- speed ---------------------------------------------------------------------------------------------------------

small_run="--override display.live=never --override evaluation.enable_periodic_evaluation=false
  --override evaluation.final_table=false --override training.checkpoint_interval_timesteps=0
  --override logging.model_dir=$logs/runs"

loop() { # name, seconds, overrides...: one line "steps/s over ..." of a short training run
  name=$1
  seconds=$2
  shift 2
  log=$logs/loop-$name.txt
  heading "PPO loop $name"
  result=0
  # shellcheck disable=SC2086 # several words
  limited "$log" "$seconds" "$keisei" train --config shogi-gpu --device "$device" $small_run "$@" || result=$?
  rate=$(sed -n 's/^.* \([0-9]*\) steps\/s over .*/\1/p; s/^\([0-9]*\) steps\/s over .*/\1/p' "$log" | tail -n 1)
  if [ "$result" = 0 ] && [ -n "$rate" ]; then
    row ok "PPO loop $name" "$(grep 'steps/s over' "$log" | tail -n 1 | sed 's/^.* INFO [^:]*: //')"
  else
    rate=
    row FAIL "PPO loop $name" "exit code $result; $log"
  fi
}

own_rates() { # without PyTorch: Keisei alone
  heading "Keisei alone: training steps and inference of 9x256"
  requests='train 4096\ntrain 1024\nsample 1024\nsample 512\nsample 128\nsample 4096\n'
  network=9x256
  if [ -n "$tiny" ]; then
    requests='train 2\nsample 2\n'
    network=1x8
  fi
  printf "$requests" >"$logs/requests.txt"
  result=0
  limited "$logs/compare.jsonl" 120 "$keisei" measure --device "$device" --network $network --mixed-precision \
    <"$logs/requests.txt" || result=$?
  grep '"work"' "$logs/compare.jsonl" | tr -d '{}"' | tr ':,' '  ' |
    awk '{printf "ok      %-44s %.1f k positions/s, %.1f TFLOP/s\n", "Keisei alone: " $2 " " $4, $4 / $6 / 1e3, $8 * $4 / $6 / 1e12}' >>"$table"
  [ "$result" = 0 ] || row FAIL "measure" "exit code $result; $logs/compare.jsonl"
}

speed() {
  heading "profile of one update, 9x256 float16"
  sizes="--override env.action_space=compact --override env.num_actions_total=3781 --override training.input_features=core46 --override training.calibration_positions=4096 --override env.num_games=512 --override training.steps_per_epoch=16384 --override training.ppo_epochs=1"
  [ -z "$tiny" ] || sizes="$sizes $(tiny_sizes)"
  result=0
  # shellcheck disable=SC2086 # several words
  limited "$logs/profile.txt" 90 "$keisei" profile --device "$device" $sizes || result=$?
  if [ "$result" = 0 ]; then
    row ok "profile" "$(grep '^update of' "$logs/profile.txt" | head -n 1)"
  else
    row FAIL "profile" "exit code $result; $logs/profile.txt"
  fi

  board="--override env.action_space=compact --override env.num_actions_total=3781 --override training.input_features=core46 --override training.calibration_positions=4096"
  big="$board --override env.num_games=512 --override training.steps_per_epoch=16384 --override training.total_timesteps=163840"
  small="$board --override env.num_games=4096 --override training.steps_per_epoch=131072 --override training.minibatch_size=16384 --override training.total_timesteps=2097152 --override training.ppo_epochs=1"
  if [ -n "$tiny" ]; then
    big="$board $(tiny_sizes) --override training.total_timesteps=32"
    small=$big
  fi
  # shellcheck disable=SC2086 # several words
  loop 9x256 60 $big
  loop_rate=$rate
  # shellcheck disable=SC2086 # several words
  loop 4x64-one-epoch 40 --tower-depth 4 --tower-width 64 $small

  if command -v python3 >/dev/null && python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    heading "PyTorch at its best against Keisei, sample by sample"
    result=0
    budget=$(($(left) - 60))
    PYTHONUNBUFFERED=1 limited "$logs/compare.jsonl" "$(($(left) - 10))" python3 "$bundle/benchmarks/pytorch/compare.py" \
      --keisei "$keisei" --network 9x256 --keisei-device "$device" --seconds "$budget" || result=$?
    [ "$result" = 0 ] || row FAIL "comparison with PyTorch" "exit code $result; the rows before it count; $logs/compare.jsonl"
    python3 "$bundle/benchmarks/pytorch/table.py" "$logs/compare.jsonl" "${loop_rate:-0}" >>"$table"
  else
    row skip "comparison with PyTorch" "python3 here has no PyTorch that sees a GPU"
    own_rates
  fi
}

tiny_sizes() {
  echo "--override env.num_games=4 --override training.steps_per_epoch=16 --override training.minibatch_size=8
    --override training.calibration_positions=8 --override training.tower_depth=1 --override training.tower_width=8"
}

# --- soak ----------------------------------------------------------------------------------------------------------

soak() {
  updates=200
  sizes="--override env.num_games=512 --override training.steps_per_epoch=16384 --override training.minibatch_size=4096 --override training.ppo_epochs=4 --override training.total_timesteps=$((updates * 16384))"
  if [ -n "$tiny" ]; then
    updates=3
    sizes="$(tiny_sizes) --override training.total_timesteps=48"
  fi
  heading "$updates updates of 9x256 in float16"
  before=$(gpu_memory)
  log=$logs/soak.txt
  samples=$logs/samples.txt
  : >"$samples"
  # A heap of one size, touched at the start: what grows then is not the heap.
  # shellcheck disable=SC2086 # several words
  KEISEI_JAVA_OPTIONS="-Xms2g -Xmx2g -XX:+AlwaysPreTouch" "$keisei" train --config shogi-gpu --device "$device" \
    --run-name soak $small_run $sizes >"$log" 2>&1 &
  process=$!
  done_updates() { grep -c '| policy ' "$log" || true; }
  printed=-30
  while kill -0 "$process" 2>/dev/null && [ "$(left)" -gt 15 ]; do
    sleep 2
    resident=$(sed -n 's/^VmRSS: *\([0-9]*\) kB/\1/p' "/proc/$process/status" 2>/dev/null || true)
    [ -z "$resident" ] || echo "$(done_updates) $((resident / 1024)) $(gpu_memory)" >>"$samples"
    if [ $(($(elapsed) - printed)) -ge 20 ]; then
      printed=$(elapsed)
      say "$(elapsed) s, memory of the process $((${resident:-0} / 1024)) MiB, of the GPU $(gpu_memory) MiB: $(grep '| policy ' "$log" | tail -n 1 | cut -c1-170)"
    fi
  done
  stopped=
  if kill -0 "$process" 2>/dev/null; then
    stopped=yes
    say "the time is over: stopping after $(done_updates) updates"
    kill -TERM "$process" 2>/dev/null || true
  fi
  result=0
  wait "$process" || result=$?
  tail -n 5 "$log"
  count=$(done_updates)
  if [ -n "$stopped" ]; then
    row FAIL "updates" "$count of $updates in the time of this check"
  elif [ "$result" = 0 ] && [ "$count" -eq "$updates" ]; then
    row ok "updates" "$count; $(grep 'steps/s over' "$log" | tail -n 1 | sed 's/^.* INFO [^:]*: //')"
  else
    row FAIL "updates" "$count of $updates, exit code $result; $log"
  fi
  # The explained variance has no number where all returns are equal.
  broken=$(grep -cE '(policy|value|entropy|KL|clip|grad) -?(NaN|Infinity)' "$log" || true)
  if [ "$broken" = 0 ] && [ "$count" -gt 0 ]; then
    row ok "finite losses and gradients" "$(grep '| policy ' "$log" | tail -n 1 | sed 's/.*| policy/policy/' | cut -c1-90)"
  else
    row FAIL "finite losses and gradients" "$broken of $count updates are not"
  fi
  growth 2 "memory of the process" 256
  growth 3 "memory of the GPU" 64
  row note "GPU memory before and after" "${before:-unknown} MiB, $(gpu_memory) MiB"
}

growth() { # column, name, MiB allowed: from the first fifth of the updates to the end
  awk -v column="$1" -v updates="$updates" '
    NF >= column && $1 * 5 >= updates { if (first == "") first = $column; last = $column; seen++ }
    END { if (seen >= 2) print first, last, last - first }' "$samples" >"$logs/growth.txt"
  if [ ! -s "$logs/growth.txt" ]; then
    row skip "$2" "too few samples, or nvidia-smi is not there"
    return
  fi
  read -r first last more <"$logs/growth.txt"
  if [ "$more" -le "$3" ]; then
    row ok "$2" "$first MiB after a fifth of the updates, $last MiB at the end"
  else
    row FAIL "$2" "grew from $first to $last MiB, and $3 MiB are allowed"
  fi
}

find_bundle "${2-}"
say "gpu-check $mode: $(cat "$bundle/COMMIT"), $(date -u +%FT%TZ), logs in $logs"
if command -v nvidia-smi >/dev/null; then
  nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used,clocks.sm,power.limit --format=csv || true
else
  say "nvidia-smi is not on the PATH"
fi
find_libraries
$mode
heading "gpu-check $mode: $(elapsed) s, $failures failed"
cat "$table"
[ "$failures" -eq 0 ]
