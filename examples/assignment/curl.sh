#!/bin/sh
# Takes a decision in a shell. Run, beside `npx convert-middleware serve`: ASSIGNMENT_TOKEN=... sh curl.sh v_123
curl --silent --max-time 2 --header 'Content-Type: application/json' \
  --data "{ \"token\": \"$ASSIGNMENT_TOKEN\", \"visitor_id\": \"$1\", \"context\": { \"url\": \"https://shop.example/\" } }" \
  "${ASSIGNMENT_URL:-http://127.0.0.1:8080/api/v1}/experiments/assignments/homepage-hero"
