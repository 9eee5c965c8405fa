# shellcheck shell=bash
# What the scripts share. Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ROOT

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# 75 -> "1 min 15 s"
duration() {
  local s=$1
  if ((s >= 60)); then printf '%d min %d s' $((s / 60)) $((s % 60)); else printf '%d s' "$s"; fi
}

# Tools of npm packages (Tailwind, wasm-opt, Playwright) and of cargo come first. The sqlx macros check queries against
# `.sqlx/`, never against whatever database an `.env` may name.
use_tools() {
  export PATH="$ROOT/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  export SQLX_OFFLINE=true
  # Somebody's own flags take the place of those in .cargo/config.toml.
  if [[ -n ${RUSTFLAGS:-} && $RUSTFLAGS != *erase_components* ]]; then export RUSTFLAGS="$RUSTFLAGS --cfg erase_components"; fi
}

# Where what is temporary goes unless TMPDIR says: into memory if there is plenty. A database for each of a thousand tests costs a disk
# more time than the tests take.
quick_tmp() {
  local free=0
  if [[ -n ${TMPDIR:-} ]]; then
    printf '%s\n' "$TMPDIR"
    return
  fi
  if [[ -w /dev/shm && -r /proc/meminfo ]]; then
    # KB; of the file system, and of the memory behind it.
    free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || free=0
    if ((${free:-0} >= 6000000)) && awk '/^MemAvailable:/ { exit !($2 >= 10000000) }' /proc/meminfo; then
      printf '/dev/shm\n'
      return
    fi
  fi
  printf '/tmp\n'
}

# watched LOG EXPECTED COMMAND...: runs a compilation into a log and tells every 15 s how far it is. EXPECTED is roughly how
# many crates it compiles from nothing.
watched() {
  local log=$1 expected=$2
  shift 2
  local start=$SECONDS code=0 pid told=0 compiled
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # Ctrl-C, or the end of the script for another reason, ends the compilation too.
  trap 'kill "$pid" 2>/dev/null || true' EXIT
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    if ((SECONDS - start - told >= 15)); then
      told=$((SECONDS - start))
      compiled=$(grep -cE '^ +(Compiling|Checking) ' "$log" || true)
      say "        $compiled of about $expected crates, $(duration $told)"
    fi
  done
  wait "$pid" || code=$?
  trap - EXIT
  if ((code != 0)); then
    tail -n 40 "$log" >&2
    say "        the whole log: $log" >&2
  fi
  return "$code"
}

# The folder of the newest PostgreSQL server of version 15 or later, if there is one. The program looks in more places
# (server/src/boot/postgres/locate.rs); these are the ones that the packages installed by scripts/setup use.
postgres_bin() {
  local folder version best='' best_version=0
  local folders=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin /usr/bin)
  if has pg_config; then folders=("$(pg_config --bindir)" "${folders[@]}"); fi
  for folder in "${folders[@]}"; do
    if [[ ! -x $folder/postgres || ! -x $folder/initdb || ! -x $folder/psql ]]; then continue; fi
    version=$("$folder/postgres" --version | sed -nE 's/^[^0-9]*([0-9]+).*/\1/p')
    if ((version >= 15 && version > best_version)); then best=$folder best_version=$version; fi
  done
  [[ -n $best ]] && printf '%s\n' "$best"
}

# The browser of the end-to-end tests.
chromium_path() {
  local name
  if [[ -n ${CHROMIUM_PATH:-} ]]; then
    printf '%s\n' "$CHROMIUM_PATH"
    return
  fi
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if has "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}
