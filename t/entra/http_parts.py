# SPDX-License-Identifier: Apache-2.0
"""A request that came, and an answer to send, for the parts that speak neither HTTP nor TLS themselves."""
import json
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from aadsts import Aadsts


@dataclass
class Call:
    method: str
    host: str           # one of Microsoft's host names in lower case, or "" for any other
    base: str           # what URLs in the answer begin with: https://<host> or the stand-in's origin
    path: str           # decoded, without slashes at its ends
    query: str          # raw
    params: Dict[str, List[str]]
    form: Dict[str, List[str]]
    body: bytes
    headers: Dict[str, str]     # lower-case names
    cookies: Dict[str, str]

    def brief(self):
        """What a test may ask about it afterwards."""
        return {"method": self.method, "host": self.host, "path": "/" + self.path, "query": self.query,
                "headers": self.headers, "body": self.body.decode("utf-8", "replace")}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: List[Tuple[str, str]] = field(default_factory=list)
    cacheable: bool = False


def one(params, name) -> Optional[str]:
    """The only value of a parameter; None when absent; twice is a refusal."""
    values = params.get(name)
    if not values:
        return None
    if len(values) > 1:
        raise Aadsts(75005, "The request is not a valid Saml2 protocol message. (%s twice)" % name)
    return values[0]


def json_answer(status, value, headers=(), content_type="application/json; charset=utf-8"):
    return Answer(status, json.dumps(value).encode(), content_type, list(headers))
