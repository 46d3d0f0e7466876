# A Debian 12 of one's own in a scratch folder, for scripts/test-bookworm and scripts/test-package; sourced
# by bash after common.sh, not run. Needs root and debootstrap; packages come from the mirror that this
# machine's apt uses.

need_bookworm_tools() {
  [[ $(id -u) == 0 ]] || die "needs root, for debootstrap and chroot"
  command -v debootstrap >/dev/null || die "needs debootstrap (apt-get install debootstrap)"
}

# The mirror, release and component lines of Debian 12 in this machine's apt configuration.
apt_sources() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    sort -u | awk '$2 ~ /^bookworm/ && $4 == "Debian" {print "deb", $1, $2, $3}'
}

make_system() {
  local root=$1 sources mirror
  sources=$(apt_sources)
  mirror=$(awk '$3 == "bookworm" {print $2; exit}' <<<"$sources")
  [[ -n $mirror ]] || die "apt of this machine knows no Debian 12 mirror; check its sources and run apt-get update"
  say "making a Debian 12 in $root"
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; die "debootstrap failed (all of it: $root.log)"; }
  rm -f "$root.log"
  printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
  apt-config dump | grep -i '^Acquire::[a-z]*::Proxy' >"$root/etc/apt/apt.conf.d/90proxy" || true  # Mostly none.
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
}

# Runs a command in the system, in its own mount and process namespaces: whatever it mounts or
# leaves running is gone when it ends.
inside() {
  local root=$1
  shift
  unshare --mount --pid --fork --kill-child -- sh -c '
    root=$1; shift
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && cd / &&
      exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb "$@"
  ' sh "$root" "$@"
}
