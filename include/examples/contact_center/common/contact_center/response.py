"""An HTTP answer as a value."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Response:
    """Status, content type and body."""

    status: int
    content_type: str
    body: bytes

    @classmethod
    def json(cls, content: Any, *, status: int = 200) -> "Response":
        """Readable JSON in UTF-8; times are written as ISO 8601."""
        text = json.dumps(content, ensure_ascii=False, default=str)
        return cls(status, "application/json; charset=utf-8", text.encode())

    @classmethod
    def html(cls, page: str) -> "Response":
        return cls(200, "text/html; charset=utf-8", page.encode())
