# @summary Lets rsyslogd forward what Puppet logs to sluice.
#
# The queue and its retries belong to this action alone: while sluice is away, messages wait in memory, then on disk, and
# nothing else on the machine is held up.
#
# @param target Host that sluice runs on.
# @param port Port of its syslog listener over TCP.
# @param programs Beginnings of the names of programs to forward.
# @param max_disk_space What may wait on disk.
# @param service The service to restart when the file changes; undef leaves it alone.
class sluice::forward (
  Pattern[/\A[\w.:-]+\z/] $target = 'sluice',
  Integer[1, 65535] $port = 5514,
  Array[Pattern[/\A[\w.-]+\z/], 1] $programs = ['puppet'],
  Pattern[/\A\d+[kmg]\z/] $max_disk_space = '1g',
  Optional[String[1]] $service = 'rsyslog',
) {
  $wanted = $programs.map |$program| { "\$programname startswith \"${program}\"" }.join(' or ')

  file { '/etc/rsyslog.d/60-sluice.conf':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    content => epp('sluice/60-sluice.conf.epp', {
      'wanted'         => $wanted,
      'target'         => $target,
      'port'           => $port,
      'max_disk_space' => $max_disk_space,
    }),
  }

  if $service {
    File['/etc/rsyslog.d/60-sluice.conf'] ~> exec { 'sluice rsyslogd':
      command     => "systemctl try-restart ${service}",
      onlyif      => 'rsyslogd -N1',
      path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      refreshonly => true,
    }
  }
}
