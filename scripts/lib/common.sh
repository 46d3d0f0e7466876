# Shared by scripts/run, scripts/test and scripts/test-bookworm; sourced by bash, not run.

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf '== %s\n' "$*"; }

# The package names in a list such as scripts/packages.txt.
packages_in() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"; }

# Which of the packages named as arguments are not installed, one a line.
missing_packages() {
  local installed package
  # dpkg-query fails when it does not know one of them, and tells of the others all the same.
  installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' "$@" 2>/dev/null || true) "
  for package in "$@"; do
    [[ $installed == *" $package:installed "* ]] || printf '%s\n' "$package"
  done
}

# Services of packages installed here must neither start now (policy-rc.d, unless the machine has
# one already) nor at the next boot (disable_units).
readonly POLICY=/usr/sbin/policy-rc.d

apt_install() {
  local -a as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null ||
      die "these Debian packages are missing: $*; as root, run: apt-get install --no-install-recommends $*"
    as_root=(sudo)
  fi
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  (
    if [[ ! -e $POLICY ]]; then
      trap '"${as_root[@]}" rm -f "$POLICY"' EXIT
      "${as_root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' >$POLICY && chmod 755 $POLICY" || exit 1
    fi
    # A source of somebody else's may be broken; whether that matters, the installation shows.
    "${apt[@]}" update || say "apt-get update had errors; trying to install all the same"
    "${apt[@]}" install --no-install-recommends "$@"
  ) || die "apt-get could not install: $* (see its messages above)"
  disable_units "$@"
}

# Keeps the services that came with packages $@ from starting at the next boot.
disable_units() {
  command -v systemctl >/dev/null || return 0
  local unit
  dpkg-query -L "$@" 2>/dev/null | sed -n 's|^\(/usr\)\?/lib/systemd/system/\([^/@]*\.service\)$|\2|p' |
    while read -r unit; do
      "${as_root[@]}" systemctl disable "$unit" >/dev/null 2>&1 || true  # Not every unit can be enabled.
    done
}

# Installs what is missing of the packages in the lists given; silent when nothing is.
need_packages() {
  command -v dpkg-query >/dev/null || die "needs Debian 12: dpkg-query was not found"
  local -a wanted missing
  mapfile -t wanted < <(packages_in "$@")
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [[ ${#missing[@]} == 0 ]] && return
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  apt_install "${missing[@]}"
}

# Configures and builds a preset of CMakePresets.json: everything, or the targets that are named.
build_preset() {
  local preset=$1
  shift
  command -v ccache >/dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  say "building: preset $preset"
  cmake --preset "$preset" >"$top/build/configure-$preset.log" 2>&1 ||
    { cat "$top/build/configure-$preset.log" >&2; die "cmake --preset $preset failed"; }
  cmake --build --preset "$preset" ${1:+--target "$@"}
}
