"""Takes a decision in Python. Run, beside `npx convert-middleware serve`: ASSIGNMENT_TOKEN=... python3 client.py v_123"""

import http.client
import json
import os
import sys
from urllib.parse import quote
from urllib.request import Request, urlopen

URL = os.environ.get("ASSIGNMENT_URL", "http://127.0.0.1:8080/api/v1")


def variant_of(experiment_key, visitor_id, context):
    """Returns the name of the visitor's variant; None for the original, whatever goes wrong."""
    body = {"token": os.environ["ASSIGNMENT_TOKEN"], "visitor_id": visitor_id, "context": context}
    request = Request(
        f"{URL}/experiments/assignments/{quote(experiment_key, safe='')}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        # Half a second at most: a page waits for it.
        with urlopen(request, timeout=0.5) as response:
            answer = json.load(response)
        return answer.get("variant_name") if isinstance(answer, dict) else None
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"no assignment: {error}", file=sys.stderr)
        return None


print(variant_of("homepage-hero", sys.argv[1], {"url": "https://shop.example/"}))
