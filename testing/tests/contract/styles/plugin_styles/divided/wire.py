"""What is sent and what is answered."""

from typing import Any

from plugin_styles.plugin import Filed, Matches, Stalls, status_of

_WRITER = Stalls()


def content_of(request: Any) -> dict[str, str]:
    return _WRITER.content(request)


__all__ = ["Filed", "Matches", "content_of", "status_of"]
