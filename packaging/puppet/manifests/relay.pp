# @summary Runs sluice on this machine: package, configuration, cluster map and service.
#
# @param config The configuration, as docs/config.md has it; written as JSON.
# @param map_source Where the cluster map comes from (`source` of a file); undef leaves the map alone, for a job that writes it.
# @param map_file The cluster map file.
# @param package Name of the package; undef when it comes from elsewhere.
# @param ensure What the package is to be.
# @param service Name of the unit; undef leaves it alone.
# @param ports TCP and UDP ports that SELinux lets the service have, as syslogd_port_t. Only where SELinux is enabled (fact
#   os.selinux.enabled), and only ports that have no such label yet.
class sluice::relay (
  Hash[String[1], Any] $config = {},
  Optional[String[1]] $map_source = undef,
  Pattern[/\A\/\S+\z/] $map_file = '/etc/sluice/clusters.json',
  Optional[String[1]] $package = 'sluice',
  String[1] $ensure = 'installed',
  Optional[String[1]] $service = 'sluice',
  Array[Integer[1, 65535]] $ports = [5514],
) {
  if $package {
    package { $package:
      ensure => $ensure,
      before => File['/etc/sluice'],
    }
  }

  file { '/etc/sluice':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }

  # A configuration that sluice refuses never takes the place of one that it reads.
  file { '/etc/sluice/sluice.json':
    ensure       => file,
    owner        => 'root',
    group        => 'root',
    mode         => '0644',
    content      => epp('sluice/sluice.json.epp', { 'config' => $config }),
    validate_cmd => '/usr/bin/env sluice check --config %',
  }

  if $map_source {
    # sluice reads the map again by itself when it changes.
    file { $map_file:
      ensure  => file,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      source  => $map_source,
      require => File['/etc/sluice'],
    }
  }

  $selinux = $facts.dig('os', 'selinux', 'enabled')
  if $selinux {
    ['tcp', 'udp'].each |$protocol| {
      $ports.each |$port| {
        exec { "sluice ${protocol} port ${port}":
          command  => "semanage port -a -t syslogd_port_t -p ${protocol} ${port} || semanage port -m -t syslogd_port_t -p ${protocol} ${port}",
          unless   => "semanage port -l | grep -Eq '^syslogd_port_t +${protocol} .*\\b${port}\\b'",
          path     => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
          provider => shell,
          before   => $service ? {
            undef   => undef,
            default => Service[$service],
          },
        }
      }
    }
  }

  if $service {
    # Destinations and listeners are read at the start only, so a change of the configuration is a restart; what waits
    # is on disk and outlives it.
    service { $service:
      ensure    => running,
      enable    => true,
      subscribe => File['/etc/sluice/sluice.json'],
    }
  }
}
