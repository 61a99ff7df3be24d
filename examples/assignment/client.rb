# Takes a decision in Ruby. Run, beside `npx convert-middleware serve`: ASSIGNMENT_TOKEN=... ruby client.rb v_123
require 'erb'
require 'json'
require 'net/http'

URL = ENV.fetch('ASSIGNMENT_URL', 'http://127.0.0.1:8080/api/v1')

# Returns the name of the visitor's variant; nil for the original, whatever goes wrong.
def variant_of(experiment_key, visitor_id, context)
  uri = URI("#{URL}/experiments/assignments/#{ERB::Util.url_encode(experiment_key)}")
  body = { token: ENV.fetch('ASSIGNMENT_TOKEN'), visitor_id: visitor_id, context: context }
  # Half a second at most: a page waits for it.
  limits = { use_ssl: uri.scheme == 'https', open_timeout: 0.5, read_timeout: 0.5 }
  response = Net::HTTP.start(uri.host, uri.port, **limits) do |http|
    http.post(uri.path, body.to_json, 'Content-Type' => 'application/json')
  end
  JSON.parse(response.body)['variant_name']
rescue StandardError => error
  warn "no assignment: #{error.class}"
  nil
end

puts variant_of('homepage-hero', ARGV[0], { url: 'https://shop.example/' })
