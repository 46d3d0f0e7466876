# frozen_string_literal: true

require 'puppet'
require 'puppet/reports'
require 'socket'
require 'time'
require 'timeout'
require 'uri'
require 'yaml'

# Turns a report into one syslog message (RFC 5424) whose structured data holds every figure, and sends it.
# Everything here works on a report alone, so that `message` can be tried without a network.
module SluiceReport
  # Puppet's own enterprise number, as in the extensions of its certificates: the figures are Puppet's.
  ENTERPRISE = 34_380
  FACILITY_DAEMON = 3
  SEVERITY = { 'failed' => 3, 'changed' => 5 }.freeze
  SEVERITY_OTHERWISE = 6
  DEFAULTS = { 'url' => 'udp://127.0.0.1:5514', 'max_bytes' => 8192, 'timeout' => 5 }.freeze
  # A message that leaves no room for its own head would say nothing.
  MAX_BYTES_RANGE = (2048..65_000).freeze
  NAME_LENGTH_MAX = 32
  # Puppet writes some of these only when they occurred; here they are always there.
  FIGURES = {
    'resources' => %w[total changed corrective_change failed failed_to_restart out_of_sync restarted scheduled skipped],
    'events' => %w[total success failure noop audit],
    'changes' => %w[total],
  }.freeze
  # Times of the run's phases, which stay when a message has to be shortened.
  PHASES = %w[total catalog_application config_retrieval transaction_evaluation fact_generation plugin_sync
              node_retrieval convert_catalog resubmit_facts startup_time].freeze

  class Error < StandardError; end

  module_function

  # Settings from a file, or the defaults when there is none.
  def settings(path)
    given = File.exist?(path) ? YAML.safe_load(File.read(path)) || {} : {}
    raise Error, "#{path}: expected keys and values" unless given.is_a?(Hash)

    unknown = given.keys - DEFAULTS.keys
    raise Error, "#{path}: unknown key #{unknown.first}; known are #{DEFAULTS.keys.join(', ')}" unless unknown.empty?

    checked(path, DEFAULTS.merge(given))
  end

  def checked(path, settings)
    unless settings['max_bytes'].is_a?(Integer) && MAX_BYTES_RANGE.cover?(settings['max_bytes'])
      raise Error, "#{path}: max_bytes: expected #{MAX_BYTES_RANGE.min} to #{MAX_BYTES_RANGE.max}, " \
                   "got #{settings['max_bytes'].inspect}"
    end
    unless settings['timeout'].is_a?(Numeric) && settings['timeout'].positive?
      raise Error, "#{path}: timeout: expected seconds, got #{settings['timeout'].inspect}"
    end
    settings
  end

  # The message for a report, in at most `max_bytes` octets.
  def message(report, now: Time.now, max_bytes: DEFAULTS['max_bytes'])
    times = times_of(report)
    omitted = 0
    # The shortest times of resource types go first; they are what matters least.
    spare = times.keys.reject { |name| PHASES.include?(name) }.sort_by { |name| times[name] }
    loop do
      text = render(report, times, omitted, now)
      return text if text.bytesize <= max_bytes || spare.empty?

      # Several at a time, but never more than needed: no entry is longer than its name and a time of 20 digits.
      excess = [(text.bytesize - max_bytes) / (NAME_LENGTH_MAX + 24), 1].max
      spare.shift(excess).each { |name| times.delete(name) && (omitted += 1) }
    end
  end

  def render(report, times, omitted, now)
    elements = [element('run', run_of(report, omitted))]
    FIGURES.each { |category, keys| elements << element(category, figures_of(report, category, keys)) }
    elements << element('time', times.transform_values { |seconds| seconds_text(seconds) }) unless times.empty?
    head = [priority(report) + '1', now.getutc.iso8601(6), header(report.host, 255), 'puppet-report', '-', 'run']
    "#{head.join(' ')} #{elements.join} #{text_of(report)}"
  end

  def priority(report)
    "<#{FACILITY_DAEMON * 8 + SEVERITY.fetch(report.status.to_s, SEVERITY_OTHERWISE)}>"
  end

  # For people, and for the rules that read only completed runs, or only others.
  def text_of(report)
    "#{completed?(report) ? 'completed' : 'failed'} run, #{outcome(report)}"
  end

  def run_of(report, omitted)
    changed = figure(report, 'changes', 'total').positive?
    failed = figure(report, 'events', 'failure').positive? || figure(report, 'resources', 'failed').positive?
    {
      'outcome' => outcome(report), 'status' => report.status, 'environment' => attribute(report, :environment),
      'noop' => attribute(report, :noop), 'noop_pending' => attribute(report, :noop_pending),
      'with_changes' => changed ? 1 : 0, 'with_failures' => failed ? 1 : 0,
      'with_cached_catalog' => cached?(report) ? 1 : 0, 'cached_catalog_status' => attribute(report, :cached_catalog_status),
      'corrective_events' => corrective_events(report), 'omitted_times' => omitted,
      'puppet' => attribute(report, :puppet_version), 'config' => attribute(report, :configuration_version),
      'transaction' => attribute(report, :transaction_uuid)
    }.reject { |_, value| value.nil? }
  end

  # As the state puppet.nodes: the report's status, with a name of its own for what noop held back and
  # for a run without a catalog.
  def outcome(report)
    return 'no_catalog' if no_catalog?(report)
    return report.status.to_s unless report.status.to_s == 'unchanged'

    attribute(report, :noop_pending) || figure(report, 'events', 'noop').positive? ? 'noop' : 'unchanged'
  end

  def no_catalog?(report)
    report.status.to_s == 'failed' && (report.logs || []).any? do |log|
      log.level.to_s == 'err' && log.message.to_s == 'Could not retrieve catalog; skipping run'
    end
  end

  # Puppet says so itself since 5.3.4 and 4.10.10; before, a run that applied something reached its end.
  def completed?(report)
    completed = attribute(report, :transaction_completed)
    return completed unless completed.nil?

    figure(report, 'resources', 'total').positive?
  end

  def cached?(report)
    %w[on_failure explicitly_requested].include?(attribute(report, :cached_catalog_status).to_s)
  end

  def corrective_events(report)
    (report.resource_statuses || {}).each_value.sum do |status|
      (status && status.events || []).count { |event| attribute(event, :corrective_change) }
    end
  end

  def attribute(object, name)
    object.respond_to?(name) ? object.public_send(name) : nil
  end

  def values_of(report, category)
    metric = (report.metrics || {})[category]
    metric ? metric.values : []
  end

  def figure(report, category, key)
    entry = values_of(report, category).find { |name, _, _| name.to_s == key }
    entry ? entry[2] : 0
  end

  def figures_of(report, category, keys)
    keys.to_h { |key| [key, figure(report, category, key)] }
  end

  # Name -> seconds. Two types whose names become one count together.
  def times_of(report)
    values_of(report, 'time').each_with_object(Hash.new(0)) do |(name, _, seconds), times|
      times[param_name(name)] += seconds if seconds.is_a?(Numeric) && name.to_s != 'last_run'
    end
  end

  def seconds_text(seconds)
    format('%.6f', seconds).sub(/0{1,5}\z/, '')
  end

  def element(id, params)
    "[#{id}@#{ENTERPRISE}#{params.map { |name, value| %( #{name}="#{escaped(value)}") }.join}]"
  end

  # RFC 5424, 6.3.3. Control characters are blanks: some receivers split lines before they read them.
  def escaped(value)
    value.to_s.dup.force_encoding(Encoding::UTF_8).scrub('?')[0, 128].gsub(/[[:cntrl:]]/, ' ').gsub(/["\\\]]/) { |c| "\\#{c}" }
  end

  # An SD-NAME: up to 32 of printable ASCII, without '=', ']' and '"'.
  def param_name(name)
    name.to_s.gsub(/[^A-Za-z0-9_.-]/, '_')[0, NAME_LENGTH_MAX]
  end

  def header(value, length)
    text = value.to_s.gsub(/[^\x21-\x7e]/, '_')[0, length]
    text.empty? ? '-' : text
  end

  # Sends a message as one: a datagram, or octet-counted over TCP.
  def deliver(message, settings)
    uri = URI.parse(settings['url'])
    Timeout.timeout(settings['timeout']) { deliver_to(uri, message, settings['url']) }
  rescue URI::InvalidURIError
    raise Error, bad_url(settings['url'])
  end

  def deliver_to(uri, message, url)
    raise Error, bad_url(url) unless uri.scheme == 'unix' ? !uri.path.to_s.empty? : uri.hostname && uri.port

    case uri.scheme
    when 'udp' then send_udp(uri, message)
    when 'tcp' then TCPSocket.open(uri.hostname, uri.port) { |socket| socket.write("#{message.bytesize} #{message}") }
    when 'unix' then send_unix(uri.path, message)
    else raise Error, bad_url(url)
    end
  end

  def bad_url(url)
    "url: expected udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH, got #{url.inspect}"
  end

  def send_udp(uri, message)
    address = Addrinfo.udp(uri.hostname, uri.port)
    socket = UDPSocket.new(address.afamily)
    socket.connect(uri.hostname, uri.port)
    socket.send(message, 0)
  ensure
    socket&.close
  end

  def send_unix(path, message)
    socket = Socket.new(:UNIX, :DGRAM)
    socket.connect(Socket.pack_sockaddr_un(path))
    socket.send(message, 0)
  ensure
    socket&.close
  end
end

Puppet::Reports.register_report(:sluice) do
  desc <<-DESC
    Sends each report as one syslog message to sluice: its status and every resource, event, change and time
    figure, as structured data (RFC 5424). Settings are in `sluice_report.yaml` beside `puppet.conf`:
    `url` (udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH), `max_bytes`, `timeout` in seconds.
  DESC

  # A report that cannot be sent is a line in the log; it never fails a run.
  def process
    settings = SluiceReport.settings(File.join(Puppet[:confdir], 'sluice_report.yaml'))
    SluiceReport.deliver(SluiceReport.message(self, max_bytes: settings['max_bytes']), settings)
  rescue SluiceReport::Error, SystemCallError, SocketError, Timeout::Error, Psych::SyntaxError => e
    Puppet.err("Could not send the report of #{host} to sluice: #{e.message}")
  end
end
