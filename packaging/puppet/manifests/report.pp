# @summary Sends every report that this machine's Puppet processes to sluice, as one syslog message.
#
# Goes to the server, which gets the reports of all agents, or to machines that run `puppet apply`.
#
# @param url Where sluice listens: udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH.
# @param confdir The folder of puppet.conf.
# @param max_bytes Octets of a message at most; a longer one leaves out the shortest times, and says how many.
# @param timeout Seconds until sending is given up.
# @param reports What the setting `reports` is to be, such as `store,sluice`; by default it is left alone.
# @param section The section of puppet.conf in which it stands: `server` (`master` before Puppet 6), `user` for `puppet apply`.
class sluice::report (
  Pattern[/\A(udp|tcp):\/\/\S+:\d+\z/, /\Aunix:\/\/\/\S+\z/] $url = 'udp://127.0.0.1:5514',
  Pattern[/\A\/\S+\z/] $confdir = '/etc/puppetlabs/puppet',
  Integer[2048, 65000] $max_bytes = 8192,
  Integer[1, 60] $timeout = 5,
  Optional[Pattern[/\A\w+(,\w+)*\z/]] $reports = undef,
  Enum['main', 'server', 'master', 'user', 'agent'] $section = 'server',
) {
  file { "${confdir}/sluice_report.yaml":
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    content => "url: '${url}'\nmax_bytes: ${max_bytes}\ntimeout: ${timeout}\n",
  }

  if $reports {
    # The program edits puppet.conf without disturbing the rest of it.
    exec { 'sluice reports':
      command  => "puppet config set --confdir ${confdir} --section ${section} reports ${reports}",
      unless   => "test \"$(puppet config print --confdir ${confdir} --section ${section} reports)\" = '${reports}'",
      path     => ['/opt/puppetlabs/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      provider => shell,
    }
  }
}
