# frozen_string_literal: true

require 'json'

# A value as JSON that people can read; keys in the order in which they were given.
Puppet::Functions.create_function(:'sluice::to_json') do
  # @param value The value.
  # @return JSON text.
  dispatch :to_json do
    param 'Any', :value
    return_type 'String'
  end

  def to_json(value)
    JSON.pretty_generate(value)
  end
end
